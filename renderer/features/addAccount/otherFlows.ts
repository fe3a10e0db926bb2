import type { LoginFlow } from "../../../shared/contract/signIn.ts";
import { t } from "../../i18n/index.ts";

/** The ways of signing in that Steward cannot do yet, in words, each once. */
export function otherFlows(flows: readonly LoginFlow[]): string[] {
  const words = flows.map((flow) => {
    switch (flow.kind) {
      case "password":
      case "sso":
      case "oauth":
        return null;
      case "other":
        return t("add.flowOther", { type: flow.type });
    }
  });
  return [...new Set(words.filter((word) => word !== null))];
}
