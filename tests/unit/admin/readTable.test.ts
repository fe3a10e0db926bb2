import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "../../../main/admin/csv/decodeText.ts";
import { readTable, TABLE_LIMITS } from "../../../main/admin/csv/readTable.ts";
import { isFailure } from "../../../shared/errors.ts";

const utf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");
const wide = (text: string): Buffer => Buffer.from(text, "utf16le");
const cells = (bytes: Uint8Array): string[][] => readTable(bytes).map((row) => row.cells);
const big = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();

const TABLE = [
  ["id", "displayname"],
  ["ada", "Zoë Łukasz"],
];

describe("a table is read", () => {
  it.each([
    ["UTF-8", utf8("id,displayname\nada,Zoë Łukasz")],
    ["UTF-8 with a byte order mark", utf8("\ufeffid,displayname\r\nada,Zoë Łukasz\r\n")],
    ["UTF-16, as a spreadsheet's Unicode text", wide("\ufeffid\tdisplayname\r\nada\tZoë Łukasz\r\n")],
    ["UTF-16 without a mark", wide("id;displayname\nada;Zoë Łukasz")],
    ["UTF-16 in the other byte order", big(wide("\ufeffid;displayname\nada;Zoë Łukasz"))],
    ["UTF-16 in the other byte order, without a mark", big(wide("id;displayname\nada;Zoë Łukasz"))],
    ["line ends of an old Macintosh", utf8("id,displayname\rada,Zoë Łukasz\r")],
    ["line ends of several kinds, and empty lines", utf8("\n\nid,displayname\r\n\r\nada,Zoë Łukasz\n\n")],
    ["sep= with a separator that nobody would guess", utf8("sep=^\r\nid^displayname\r\nada^Zoë Łukasz")],
    ["sep= behind a byte order mark", utf8("\ufeffSEP=;\nid;displayname\nada;Zoë Łukasz")],
    ["every cell in quotes", utf8('"id";"displayname"\n"ada";"Zoë Łukasz"')],
    ["bars", utf8("id|displayname\nada|Zoë Łukasz")],
    ["sep= in quotes, as some programs write it", utf8('"sep=|"\r\nid|displayname\r\nada|Zoë Łukasz')],
    ["line ends of an old Macintosh, with sep= and quotes", utf8('sep=;\r"id";"displayname"\r"ada";"Zoë Łukasz"\r')],
  ])("in %s", (_name, bytes) => {
    expect(cells(bytes)).toEqual(TABLE);
  });

  it("in Windows-1252", () => {
    expect(decodeText(Buffer.from([0x80, 0x20, 0xe9, 0x20, 0x9f, 0x20, 0x93, 0x94]))).toBe("€ é Ÿ “”");
    expect(cells(Buffer.from("id;displayname\nada;Zo\u00eb", "latin1"))[1]).toEqual(["ada", "Zoë"]);
  });

  it("with separators, quotes and line ends inside of quotes, and blanks left as they are", () => {
    const text = 'id;password\n"a;b";" x "\n"one\r\ntwo";"say ""hi"""\nc; y ';
    expect(cells(utf8(text))).toEqual([
      ["id", "password"],
      ["a;b", " x "],
      ["one\r\ntwo", 'say "hi"'],
      ["c", " y "],
    ]);
  });

  it("with a quote inside of a cell that does not begin with one", () => {
    expect(cells(utf8('id,password\nada,pa"ss'))).toEqual([
      ["id", "password"],
      ["ada", 'pa"ss'],
    ]);
  });

  it("by the separator of its first line, whatever the others hold", () => {
    expect(cells(utf8("id;displayname\nada;Lovelace, Ada, Countess")).at(-1)).toEqual(["ada", "Lovelace, Ada, Countess"]);
    expect(cells(utf8('"a,b,c,d";displayname\nada;x')).at(-1)).toEqual(["ada", "x"]);
  });

  it("and numbers each row by the line that it begins in", () => {
    const rows = readTable(utf8('sep=,\nid,note\nada,"1\n2\n3"\n\nbob,x\r\ncyd,y'));
    expect(rows.map(({ line }) => line)).toEqual([2, 3, 7, 8]);
  });

  it("with nothing in it", () => {
    expect(readTable(utf8(""))).toEqual([]);
    expect(readTable(utf8("\ufeff\r\n\r\n"))).toEqual([]);
  });
});

describe("a row that cannot be read costs no other row", () => {
  it("where a quote is never closed", () => {
    const rows = readTable(utf8('id,password\nada,x\n\nbob,"y\ncyd,z\ndan,"w\neve,v'));
    expect(rows.map(({ cells: [id], problem, line }) => [line, id, problem])).toEqual([
      [1, "id", null],
      [2, "ada", null],
      [4, undefined, "not_csv"],
      [5, "cyd", null],
      [6, undefined, "not_csv"],
      [7, "eve", null],
    ]);
  });

  it("where there are characters that were not understood", () => {
    const bad = Buffer.concat([utf8("\ufeffid,displayname\nada,A"), Buffer.from([0xff]), utf8("\nbob,Bob")]);
    expect(readTable(bad).map(({ problem }) => problem)).toEqual([null, "unreadable_characters", null]);
    expect(readTable(Buffer.from("id;n\nada;\x81\nbob;b", "latin1")).map(({ problem }) => problem)).toEqual([
      null,
      "unreadable_characters",
      null,
    ]);
    expect(readTable(wide("\ufeffid;n\nada;\ud800\nbob;b")).map(({ problem }) => problem)).toEqual([null, "unreadable_characters", null]);
  });

  it("where a cell or the row is too long", () => {
    const long = "x".repeat(TABLE_LIMITS.cell + 1);
    const many = ",".repeat(TABLE_LIMITS.columns);
    expect(readTable(utf8(`id,n\nada,${long}\nbob,b\n${many}\ncyd,c`)).map(({ problem }) => problem)).toEqual([
      null,
      "too_long",
      null,
      "too_long",
      null,
    ]);
  });
});

describe("a row of what nobody types costs no other row", () => {
  it("where a cell has ten megabytes, in quotes or without", () => {
    const cell = "x".repeat(10 * 1024 * 1024);
    for (const long of [cell, `"${cell}"`, `"${"line\n".repeat(2 * 1024 * 1024)}"`])
      expect(readTable(utf8(`id,n\nada,a\nbob,${long}\ncyd,c`)).map(({ problem }) => problem)).toEqual([null, null, "too_long", null]);
  });

  it("where there are zero bytes", () => {
    const rows = readTable(utf8('id,displayname\nada,A\u0000da\nbob,"B\u0000"\ncyd,Cyd\n'));
    expect(rows.map(({ problem }) => problem)).toEqual([null, "unreadable_characters", "unreadable_characters", null]);
  });
});

describe("a file that is too large is refused as a whole", () => {
  const refusal = (limits: object, text: string): unknown => {
    try {
      return readTable(utf8(text), { ...TABLE_LIMITS, ...limits });
    } catch (thrown) {
      return isFailure(thrown, "too_large");
    }
  };

  it("by its bytes, and by its rows", () => {
    expect(refusal({ bytes: 3 }, "id\na")).toBe(true);
    expect(refusal({ rows: 2 }, "id\na\nb")).toBe(true);
    expect(refusal({ rows: 3 }, "id\na\nb")).toHaveLength(3);
  });
});

describe("a file in which every line is broken", () => {
  it("is read in a time that grows with its length alone", () => {
    const quoteInside = readTable(utf8('a,pa"ss\n'.repeat(50_000)));
    expect(quoteInside).toHaveLength(50_000);
    expect(quoteInside.at(-1)).toEqual({ line: 50_000, cells: ["a", 'pa"ss'], problem: null });
    const quotesAcross = readTable(utf8('a,"x\n'.repeat(50_000)));
    expect(quotesAcross.at(-1)?.problem).toBe("rest_not_read");
  });
});

describe("the short ways", () => {
  const piece = fc.constantFrom("a", "Z", "ü", " ", ",", "\n", "\r\n", "\r", '"b,c"', '"d\ne"', '"say ""so"""', "", "f");
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

  it("come to what csv-parse reads by itself, and to the same lines", () => {
    fc.assert(
      fc.property(text, (body) => {
        let expected: { record: string[]; info: { lines: number } }[];
        try {
          const options = {
            delimiter: ",",
            record_delimiter: ["\r\n", "\n", "\r"],
            relax_column_count: true,
            skip_empty_lines: true,
            info: true,
          };
          expected = parse(`x,y\n${body}`, options as never);
        } catch {
          // A quote in the wrong place is for the long way, which has its own tests.
          return;
        }
        const rows = readTable(Buffer.from(`x,y\n${body}`));
        expect(rows.map((row) => row.cells)).toEqual(expected.map(({ record }) => record));
        const lineEnds = (cells: readonly string[]): number => cells.join("").match(/\r\n|\n|\r/g)?.length ?? 0;
        expect(rows.map(({ line }) => line)).toEqual(expected.map(({ record, info }) => info.lines - lineEnds(record)));
      }),
    );
  });
});
