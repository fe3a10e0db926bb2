import type { Benchmark, Measured } from "../../build/bench.ts";
import { BulkRig } from "../support/bulkRig.ts";
import { StewardData } from "../support/stewardServices.ts";
import { startSynapse } from "../support/synapse.ts";

const USERS = 500;
/** As many at once as a Job comes to while the server answers quickly. */
const AT_ONCE = 8;
/** Users that are made before anything is measured. */
const WARM_UP = 20;
/** So much of the bare loop's throughput is good enough. */
const THROUGHPUT = 0.9;

/** Users that a Job makes, against a bare loop of the same requests, on the same server one after the other. */
export async function measureBulk(users: number): Promise<Measured> {
  const synapse = await startSynapse({ serverName: "bench.test" });
  const data = await StewardData.create();
  try {
    const admin = await synapse.register({ user: "root", password: "a password", admin: true });
    const rig = await BulkRig.open(data, admin, synapse.baseUrl);
    const { accessToken } = await synapse.login("root", "a password");
    const bare = async (name: string): Promise<void> => {
      const url = `${synapse.baseUrl}/_synapse/admin/v2/users/${encodeURIComponent(`@${name}:bench.test`)}`;
      const headers = { authorization: `Bearer ${accessToken}` };
      await (await fetch(url, { headers })).text();
      const body = JSON.stringify({ password: `a password of ${name}`, displayname: `The ${name}`, logout_devices: false });
      const answer = await fetch(url, { method: "PUT", headers: { ...headers, "content-type": "application/json" }, body });
      await answer.text();
      if (answer.status !== 201) throw new Error(`${name} was refused with ${answer.status}`);
    };
    // What a server does for the first time takes longer, whoever asks for it.
    for (let at = 0; at < WARM_UP; at++) await bare(`warm${at}`);
    const draft = await rig.chooseFile("create", `id,displayname,password\n${rowsOf("ours", users)}\n`);
    const start = performance.now();
    const jobId = await rig.start(draft);
    await rig.until(jobId, "done");
    const ours = performance.now() - start;
    const { counts } = rig.job(jobId);
    if (counts["done"] !== users) throw new Error(`the users were not all made: ${JSON.stringify(counts)}`);
    const names = Array.from({ length: users }, (_, at) => `bare${at}`);
    const bareStart = performance.now();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) await bare(name);
      }),
    );
    const reference = performance.now() - bareStart;
    return { ours, reference, ratio: ours / reference, unit: "ms", target: 1 / THROUGHPUT };
  } finally {
    await data.destroy();
    await synapse.stop();
  }
}

const rowsOf = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, at) => `${prefix}${at},The ${prefix}${at},a password of ${prefix}${at}`).join("\n");

/** Work on many users of a homeserver. */
export const benchmarks: Benchmark[] = [{ name: "bulk.create.500", run: () => measureBulk(USERS) }];
