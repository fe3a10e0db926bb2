import type { StaffGroup } from "../../../shared/contract/staffList.ts";
import { OWN_COLUMNS } from "../csv/userColumns.ts";
import { writeCsv } from "../csv/writeCsv.ts";
import { localpartOf } from "../userFilter.ts";
import type { Difference } from "./compareStaff.ts";

/** What was found out about some servers, as a file that spreadsheets open, and that names who is meant as bulk work reads it. */
export function comparisonFile(servers: readonly { serverName: string; groups: Record<StaffGroup, readonly Difference[]> }[]): string {
  const rows = servers.flatMap(({ serverName, groups }) =>
    (Object.keys(groups) as StaffGroup[]).flatMap((group) =>
      groups[group].map((one) => [...whoOf(one, serverName), group, whyOf(one), ...detailsOf(one)]),
    ),
  );
  return writeCsv([["id", "homeserver", "displayname", ...OWN_COLUMNS, "before", "after", "line", "last_seen"], ...rows]);
}

// Whole Matrix IDs begin with what a spreadsheet takes for a formula.
const whoOf = ({ name, displayName }: Difference, serverName: string): string[] => [
  name.startsWith("@") && name.endsWith(`:${serverName}`) ? localpartOf(name) : name,
  serverName,
  displayName ?? "",
];

function whyOf({ reason, problem, error, changes }: Difference): string {
  const said = error === null ? [] : [error.kind === "server" ? `${error.errcode} ${error.message}`.trim().slice(0, 200) : error.kind];
  return [
    ...(reason === null ? [] : [reason]),
    ...(problem === null ? [] : [problem.reason, problem.column ?? ""]),
    ...changes.map(({ field }) => field),
    ...said,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

const detailsOf = ({ changes, line, lastSeenAt }: Difference): string[] => [
  changes.map(({ before }) => before).join(" | "),
  changes.map(({ after }) => after).join(" | "),
  line === null ? "" : String(line),
  lastSeenAt === null || Math.abs(lastSeenAt) > 8.64e15 ? "" : new Date(lastSeenAt).toISOString().replace(/\.\d+Z$/, "Z"),
];
