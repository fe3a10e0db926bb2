import { describe, expect, it } from "vitest";
import { type ReadFor, readUsers, type ReadUser, type ReadUserRow } from "../../../main/admin/csv/readUsers.ts";
import { writeCsv } from "../../../main/admin/csv/writeCsv.ts";
import { UserColumn } from "../../../shared/contract/bulk.ts";
import { AppFailure } from "../../../shared/errors.ts";

const NEW: ReadFor = { isNew: true, columns: UserColumn.options };
const EXISTING: ReadFor = { isNew: false, columns: ["id"] };
const read = (text: string, readFor = NEW): ReadUserRow[] => readUsers(Buffer.from(text), "example.org", readFor).rows;
const one = (header: string, row: string): ReadUserRow => read(`${header}\n${row}`)[0] as ReadUserRow;
const user = (header: string, row: string): ReadUser => one(header, row).user ?? expect.fail(JSON.stringify(one(header, row).problem));
const problem = (header: string, row: string): string | undefined => one(header, row).problem?.reason;

function refusal(text: string): unknown {
  try {
    return readUsers(Buffer.from(text), "example.org", NEW);
  } catch (thrown) {
    return thrown instanceof AppFailure ? thrown.error : thrown;
  }
}

describe("files that admins have", () => {
  it("of synapse-admin and Ketesa are read as they are", () => {
    const rows = read(
      "id,displayname,password,is_guest,admin,deactivated\n" +
        "@alice:example.org,Alice,pa ss,false,true,false\n" +
        '@bob:example.org,"Bob, the second",,0,,\n',
    );
    expect(rows.map(({ user: read }) => read)).toEqual([
      {
        userId: "@alice:example.org",
        displayName: "Alice",
        password: "pa ss",
        admin: true,
        avatarUrl: null,
        userType: null,
        threepids: [],
        externalIds: [],
        locked: false,
        deactivated: false,
        empty: [],
        media: [],
      },
      {
        userId: "@bob:example.org",
        displayName: "Bob, the second",
        password: null,
        admin: null,
        avatarUrl: null,
        userType: null,
        threepids: [],
        externalIds: [],
        locked: false,
        deactivated: false,
        empty: [],
        media: [],
      },
    ]);
  });

  it("of Ketesa with contacts, picture and type", () => {
    const read = user(
      "id,displayname,avatar_url,user_type,threepids,external_ids",
      '@a:example.org,A,mxc://example.org/abc,bot,"email:A@Example.ORG,msisdn:+49 30 123456",oidc-google:x:y',
    );
    expect(read).toMatchObject({
      avatarUrl: "mxc://example.org/abc",
      userType: "bot",
      threepids: [
        { medium: "email", address: "a@example.org" },
        { medium: "msisdn", address: "4930123456" },
      ],
      externalIds: [{ provider: "oidc-google", id: "x:y" }],
    });
  });

  it("of a table that was exported there, with what is not used named", () => {
    const { rows, unused } = readUsers(
      Buffer.from(
        "id,name,is_guest,admin,deactivated,erased,creation_ts,avatar_src,displayname\n@a:example.org,@a:example.org,false,false,,false,1600000000000,mxc://x/y,Ada",
      ),
      "example.org",
      NEW,
    );
    expect(rows[0]?.user).toMatchObject({ userId: "@a:example.org", displayName: "Ada", admin: false });
    expect(unused).toEqual(["name", "is_guest", "erased", "creation_ts", "avatar_src"]);
  });

  it.each([
    ["one user name a line", "alice\nbob\n", ["@alice:example.org", "@bob:example.org"], [null, null]],
    ["user names and passwords without a header", "alice,one\nbob,two", ["@alice:example.org", "@bob:example.org"], ["one", "two"]],
    ["user names and passwords with one", "username,password\nalice, x ", ["@alice:example.org"], [" x "]],
    ["the old name of the column", "name;is_admin\nalice;true", ["@alice:example.org"], [null]],
    ["capitals, blanks and another order", " Password ; DisplayName ; ID \n.;A;alice", ["@alice:example.org"], ["."]],
    [
      "empty lines, lines of separators, and a totals line",
      "id;displayname\nalice;A\n;;\n\n;2 users\n",
      ["@alice:example.org", ""],
      [null, undefined],
    ],
  ])("with %s", (_name, text, names, passwords) => {
    const rows = read(text);
    expect(rows.map(({ name }) => name)).toEqual(names);
    expect(rows.map(({ user: read }) => read?.password)).toEqual(passwords);
  });

  it("that name nobody are refused, with the columns they have", () => {
    expect(refusal("Nachname;Vorname;Klasse\nLovelace;Ada;5a")).toMatchObject({
      rows: [],
      headings: ["Nachname", "Vorname", "Klasse"],
      hasHeader: true,
    });
    expect(refusal("id,displayname\n")).toEqual({ kind: "csv_without_users", columns: [] });
    expect(refusal("")).toEqual({ kind: "csv_without_users", columns: [] });
  });
});

describe("a header", () => {
  it("that names a column twice, or not at all, is read by the first of them", () => {
    const { rows, unused } = readUsers(Buffer.from("id,password,,Password,\nada,first,x,second,y"), "example.org", NEW);
    expect(rows.map(({ user: one }) => [one?.userId, one?.password])).toEqual([["@ada:example.org", "first"]]);
    expect(unused).toEqual(["Password"]);
  });

  it.each(["id;displayname", "id\tdisplayname\r", "\ufeffid,displayname\n\n,\n"])("without a row is said to be one: %j", (text) => {
    expect(refusal(text)).toEqual({ kind: "csv_without_users", columns: [] });
    const wide = (): unknown => readUsers(Buffer.from(text, "utf16le"), "example.org", NEW);
    expect(wide).toThrow();
  });

  it("of people’s names is no list of user names: the person is asked which column is which", () => {
    const people = "Kennung;Name\nk1;Ada Lovelace\nk2;Grace Hopper\nk3;Plato\n";
    expect(refusal(people)).toMatchObject({ rows: [], headings: ["Kennung", "Name"], columns: [null, null], hasHeader: true });
    // One bad name among others is a bad row.
    expect(read("name;is_admin\nalice;true\nbob;\nno name;\n").map(({ problem: found }) => found?.reason)).toEqual([
      undefined,
      undefined,
      "name_not_allowed",
    ]);
  });
});

describe("a row", () => {
  it.each([
    "alice",
    "@alice:example.org",
    " alice ",
    "Alice",
    "@ALICE:EXAMPLE.ORG",
    "'@alice:example.org",
    "alice:example.org",
    "\u200balice",
  ])("names a user: %j", (name) => expect(user("id,x", `${name},`).userId).toBe("@alice:example.org"));

  it.each(
    "true TRUE 1 yes on WAHR Vrai VERDADERO VERO VERDADEIRO WAAR PRAWDA SANT SAND SANN TOSI IGAZ PRAVDA ИСТИНА ІСТИНА DOĞRU ΑΛΗΘΗΣ ADEVĂRAT CERT TÕENE PATIESS TIESA ISTINA".split(
      " ",
    ),
  )("says yes: %j", (word) => expect(user("id,admin", `a,${word}`).admin).toBe(true));

  it("says yes with blanks around it", () => expect(user("id,admin", "a, true ").admin).toBe(true));

  it.each(
    "false 0 FALSCH no off null undefined FAUX FALSO ONWAAR FAŁSZ FALSKT FALSK USANN EPÄTOSI HAMIS NEPRAVDA ЛОЖЬ ХИБНІСТЬ ЛЪЖА YANLIŞ ΨΕΥΔΗΣ FALS VÄÄR APLAMS NETIESA LAŽ".split(
      " ",
    ),
  )("says no: %j", (word) => expect(user("id,admin", `a,${word}`).admin).toBe(false));

  it("says nothing of what is blank", () => {
    expect(user("id,admin,user_type,locked", "a,,null,")).toMatchObject({ admin: null, userType: null, locked: false });
  });

  it("has passwords exactly as they stand there", () => {
    expect(user("id,password", 'a," tab\tand ""quotes"", é "').password).toEqual(' tab\tand "quotes", é ');
    expect(user("id,password", "a,'=1+1").password).toEqual("'=1+1");
    expect(user("id,password", "a,false").password).toEqual("false");
  });

  it("has contacts with whatever stands between them, each once", () => {
    const { threepids } = user("id;email;phone;threepids", 'a;x@y.org, z@y.org;0049 (30) 123-456;"email:X@Y.org\nmsisdn:4930123456"');
    expect(new Set(threepids.map(({ address }) => address))).toEqual(new Set(["x@y.org", "z@y.org", "4930123456"]));
    expect(threepids).toHaveLength(3);
  });

  it.each([
    ["id,x", ",", undefined],
    ["id,displayname", ",Ada", "no_id"],
    ["id,x", "@a:other.org,", "other_server"],
    ["id,x", "a b,", "name_not_allowed"],
    ["id,x", "ä,", "name_not_allowed"],
    ["id,x", "12345,", "name_only_digits"],
    ["id,x", "4.47E+11,", "number_rounded"],
    ["id;x", "4,47E+11;", "number_rounded"],
    ["id,x", "_bridge,", "name_not_allowed"],
    ["id,x", `${"a".repeat(250)},`, "name_too_long"],
    ["id,displayname", `a,${"x".repeat(257)}`, "name_too_long"],
    ["id,password", `a,${"x".repeat(513)}`, "password_too_long"],
    ["id,password", 'a,"x\ny"', "line_break"],
    ["id,admin", "a,perhaps", "neither_yes_nor_no"],
    ["id,avatar_url", "a,https://example.org/a.png", "not_an_mxc_address"],
    ["id,email", "a,nobody", "not_an_email"],
    ["id,email", "a,x@y@z.org", "not_an_email"],
    ["id,threepids", "a,email:a@b;msisdn:1", "not_an_email"],
    ["id,phone", '"a","4,47E+11"', "not_a_phone_number"],
    ["id,phone", "a,0301234567", "not_a_phone_number"],
    ["id,external_ids", "a,google", "not_an_external_id"],
  ])("that cannot be used says why: %s / %s", (header, row, reason) => {
    if (reason === undefined) expect(refusal(`${header}\n${row}`)).toMatchObject({ kind: "csv_without_users" });
    else expect(problem(header, row)).toBe(reason);
  });

  it("that comes twice is done once, and so is an address", () => {
    const rows = read("id,email,external_ids\na,x@y.org,\nb,,p:1\nA,,\nc,X@y.org,\nd,,p:1");
    expect(rows.map(({ problem: found }) => found?.reason ?? null)).toEqual([null, null, "twice", "contact_twice", "external_id_twice"]);
  });

  it("about somebody who exists counts for its name alone, whatever that is", () => {
    const rows = read("id,admin,email\n@Old Name:example.org,x,\n@Old|Name:example.org,perhaps,nobody\n123,,", EXISTING);
    expect(rows.map(({ user: read, problem: found }) => read?.userId ?? found?.reason)).toEqual([
      "name_not_allowed",
      "@Old|Name:example.org",
      "@123:example.org",
    ]);
  });
});

describe("a file that is written", () => {
  it.each(["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\n=1", "＝1+1", "＋1", "－1", "＠a", "'=1", "''@x"])(
    "runs nothing in a spreadsheet: %j",
    (cell) => {
      const text = writeCsv([[cell]]);
      expect(text).toMatch(/^\ufeff"?'/);
      // What Steward wrote it reads again as it was: it says so by its columns.
      const again = readUsers(
        Buffer.from(
          writeCsv([
            ["id", "password", "result", "reason"],
            ["a", cell, "failed", ""],
          ]),
        ),
        "example.org",
        NEW,
      );
      if (!/[\r\n]/.test(cell)) expect(again.rows[0]?.user?.password).toEqual(cell);
      expect(again.unused).toEqual([]);
    },
  );

  it("holds quotes, separators, line ends and blanks at the ends", () => {
    expect(writeCsv([["a,b", 'say "hi"', "one\ntwo", " x "]])).toBe('\ufeff"a,b","say ""hi""","one\ntwo"," x "\r\n');
  });
});

describe("columns that the person names", () => {
  const mapped = (text: string, columns: (UserColumn | null)[], hasHeader = true, readFor = NEW) =>
    readUsers(Buffer.from(text), "example.org", readFor, { mapping: { columns, hasHeader } });

  it("are read as that, several put together to a name or a list", () => {
    const text = "Nachname;Vorname;Kennung;Mail;Mail privat\nLovelace;Ada;ada;ada@work.example;ada@home.example\nHopper;;grace;;\n";
    const { rows, unused } = mapped(text, ["displayname", "displayname", "id", "emails", "emails"]);
    expect(rows.map(({ user: read }) => [read?.userId, read?.displayName, read?.threepids.map(({ address }) => address)])).toEqual([
      ["@ada:example.org", "Lovelace Ada", ["ada@work.example", "ada@home.example"]],
      ["@grace:example.org", "Hopper", []],
    ]);
    expect(unused).toEqual([]);
  });

  it("may be those of a file that does not name them", () => {
    expect(mapped("1;ada;Ada\n2;bob;Bob", [null, "id", "displayname"], false).rows.map(({ line, name }) => [line, name])).toEqual([
      [1, "@ada:example.org"],
      [2, "@bob:example.org"],
    ]);
  });

  it.each([
    ["nobody's id", [null, "displayname"]],
    ["two ids", ["id", "id"]],
    ["two passwords", ["id", "password", "password"]],
  ] as [string, (UserColumn | null)[]][])("are asked for again where they are %s", (_, columns) => {
    expect(mapped("a,b,c\nx,y,z", columns).rows).toEqual([]);
  });

  it("that the action does not use are named", () => {
    const { unused } = readUsers(Buffer.from("id,displayname,locked\nada,Ada,true"), "example.org", EXISTING);
    expect(unused).toEqual(["displayname", "locked"]);
  });

  it("that are empty are told apart from those that are not there", () => {
    const CHANGES: ReadFor = { isNew: false, columns: ["id", "displayname", "emails", "phones", "threepids"] };
    const read = readUsers(Buffer.from("id,displayname,email\nada,,\nbob,Bob,b@x.example"), "example.org", CHANGES).rows.map(
      ({ user: one }) => one,
    );
    expect(read[0]).toMatchObject({ displayName: null, empty: ["displayname", "emails"], media: [] });
    expect(read[1]).toMatchObject({ displayName: "Bob", empty: [], media: ["email"] });
  });
});
