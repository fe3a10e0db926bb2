import { describe, expect, it } from "vitest";
import { deleteAllMedia } from "../../../main/admin/userMedia.ts";
import type { AppError } from "../../../shared/errors.ts";

const error: AppError = { kind: "gateway_error", host: "example.org", status: 502 };

/**
 * A server with files in the order in which it lists them; some it cannot delete. How it answers each request is told, the
 * first first: it may do what it was asked and the answer be lost, or do nothing of it.
 */
function serverWith(files: readonly ("goes" | "stays")[], answers: readonly ("answered" | "lost" | "lost_undone" | "refused")[] = []) {
  let left = [...files];
  const asked: number[] = [];
  const progress: number[] = [];
  return {
    asked,
    progress,
    run: () =>
      deleteAllMedia(files.length, {
        count: () => Promise.resolve(left.length),
        deletePage: (from) => {
          const how = answers[asked.push(from) - 1] ?? "answered";
          if (how === "refused") return Promise.resolve({ kind: "refused", error });
          const before = left.length;
          if (how !== "lost_undone") left = left.filter((file, at) => at < from || at >= from + 100 || file === "stays");
          return Promise.resolve(how === "answered" ? { kind: "answered", value: before - left.length } : { kind: "lost", error });
        },
        onProgress: (deleted) => progress.push(deleted),
      }),
  };
}
const many = <T>(count: number, what: T): T[] => Array.from({ length: count }, () => what);

describe("deleting all that a user has uploaded", () => {
  it("passes over what cannot be deleted, wherever it stands, and ends", async () => {
    const server = serverWith([...many(120, "stays" as const), ...many(130, "goes" as const), "stays"]);
    expect(await server.run()).toEqual({ deleted: 130, left: 121, error: null, loss: null });
    expect(server.asked).toEqual([0, 100, 120]);
    expect(server.progress.at(-1)).toBe(130);
  });

  it("counts by what is left where an answer was lost, and sends again", async () => {
    const server = serverWith(many(250, "goes"), ["lost", "answered", "lost_undone"]);
    expect(await server.run()).toEqual({ deleted: 250, left: 0, error: null, loss: error });
    expect(server.progress).toEqual([100, 200, 200, 250]);
  });

  it("gives up after three answers in a row that were lost and deleted nothing", async () => {
    const server = serverWith(many(10, "goes"), many(9, "lost_undone"));
    expect(await server.run()).toEqual({ deleted: 0, left: 10, error, loss: error });
    expect(server.asked).toHaveLength(3);
  });

  it("ends with the first refusal", async () => {
    const server = serverWith(many(150, "goes"), ["answered", "refused"]);
    expect(await server.run()).toEqual({ deleted: 100, left: 50, error, loss: null });
  });
});
