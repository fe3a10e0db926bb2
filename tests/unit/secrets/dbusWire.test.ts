import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sessionBusPath } from "../../../main/secrets/dbusConnection.ts";
import { WireReader, WireWriter } from "../../../main/secrets/dbusWire.ts";
import { sample, seed } from "../../support/seed.ts";

/** A type of the wire format with a value of it. */
const typed: fc.Arbitrary<{ type: string; value: unknown }> = fc.letrec<{ any: { type: string; value: unknown } }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.boolean().map((value) => ({ type: "b", value })),
    fc.integer({ min: 0, max: 255 }).map((value) => ({ type: "y", value })),
    fc.nat().map((value) => ({ type: "u", value })),
    fc.string().map((value) => ({ type: "s", value: value.replaceAll("\0", "") })),
    fc.array(fc.nat()).map((value) => ({ type: "au", value })),
    fc
      .array(
        fc.tuple(
          fc.constant("k"),
          fc.string().map((text) => text.replaceAll("\0", "")),
        ),
      )
      .map((value) => ({ type: "a{ss}", value })),
    tie("any").map(({ type, value }) => ({ type: "v", value: { signature: type, value } })),
    fc.array(tie("any"), { minLength: 1, maxLength: 3 }).map((members) => ({
      type: `(${members.map(({ type }) => type).join("")})`,
      value: members.map(({ value }) => value),
    })),
  ),
})).any;

describe("the D-Bus wire format", () => {
  it(`reads what it wrote, at any offset`, () => {
    fc.assert(
      fc.property(fc.nat({ max: 9 }), typed, (offset, { type, value }) => {
        const writer = new WireWriter();
        for (let at = 0; at < offset; at += 1) writer.write("y", 0);
        writer.write(type, value);
        const reader = new WireReader(writer.bytes(), offset);
        expect(reader.read(type)).toEqual(value);
        // Nothing of it is left.
        expect(() => reader.read("y")).toThrow(RangeError);
      }),
      { seed, numRuns: sample(100, 10_000) },
    );
  });

  it(`ends on any bytes, with a value or an error`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom("a(yv)", "as", "v", "a{sv}", "ao"), (bytes, type) => {
        try {
          new WireReader(Buffer.from(bytes)).read(type);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { seed, numRuns: sample(2_000, 100_000) },
    );
  });
});

it("refuses arrays of nothing, which would never end", () => {
  const writer = new WireWriter();
  writer.write("g", "a()");
  writer.write("u", 8);
  for (let at = 0; at < 4; at += 1) writer.write("u", 0);
  expect(() => new WireReader(writer.bytes()).read("v")).toThrow("signature");
});

describe("sessionBusPath", () => {
  it.each([
    [{ DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/1000/bus" }, "/run/user/1000/bus"],
    [{ DBUS_SESSION_BUS_ADDRESS: "unix:path=/tmp/a%20b,guid=0123" }, "/tmp/a b"],
    [{ DBUS_SESSION_BUS_ADDRESS: "tcp:host=x,port=1;unix:abstract=/tmp/dbus-x,guid=1" }, "\0/tmp/dbus-x"],
    [{ DBUS_SESSION_BUS_ADDRESS: "autolaunch:" }, null],
    [{ DBUS_SESSION_BUS_ADDRESS: "", XDG_RUNTIME_DIR: "/run/user/7" }, "/run/user/7/bus"],
    [{}, null],
  ])("finds the bus in %j", (env, path) => {
    expect(sessionBusPath(env)).toBe(path);
  });
});
