import { parse } from "csv-parse/sync";
import type { Benchmark, Measured } from "../../build/bench.ts";
import { readUsers } from "../../main/admin/csv/readUsers.ts";
import { UserColumn } from "../../shared/contract/bulk.ts";

const ROWS = 100_000;
/** Of several runs the quickest counts: on a shared machine every disturbance makes a run slower, none quicker. */
const ROUNDS = 5;
const quickest = (times: readonly number[]): number => Math.min(...times);
const NEW_USERS = { isNew: true, columns: UserColumn.options };

/** A list of users as a school or an office has it. */
function fileOf(rows: number): Buffer {
  const lines = Array.from(
    { length: rows },
    (_, at) => `user${at},"Person, ${at}",secret ${at} of ${at},${at % 50 === 0},user${at}@mail.example`,
  );
  return Buffer.from(`id,displayname,password,admin,email\n${lines.join("\n")}\n`);
}

/** Reading and checking a list of new users, against csv-parse alone. */
export function measureCsv(rows: number, rounds: number): Measured {
  const bytes = fileOf(rows);
  const [ours, reference]: [number[], number[]] = [[], []];
  const timed = (work: () => unknown[]): number => {
    const start = performance.now();
    const { length } = work();
    const ms = performance.now() - start;
    if (length !== rows) throw new Error(`${length} rows were read`);
    return ms;
  };
  for (let round = 0; round < rounds; round += 1) {
    reference.push(timed(() => parse(bytes, { from: 2 })));
    ours.push(timed(() => readUsers(bytes, "example.org", NEW_USERS).rows.filter(({ user }) => user !== null)));
  }
  return { ours: quickest(ours), reference: quickest(reference), ratio: quickest(ours) / quickest(reference), unit: "ms", target: 3 };
}

/** Lists of users in files. */
export const benchmarks: Benchmark[] = [{ name: "csv.100k", run: async () => measureCsv(ROWS, ROUNDS) }];
