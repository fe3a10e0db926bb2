import { Plus } from "lucide-react";
import type { ExternalId } from "../../../shared/contract/users.ts";
import { Button } from "../../components/Button.tsx";
import { Buttons } from "../../components/Page.tsx";
import { TextField } from "../../components/TextField.tsx";
import { fieldProblemText, t } from "../../i18n/index.ts";

const MAX_IDS = 20;

/** Those that were typed, without the empty ones. */
export function typedExternalIds(typed: readonly ExternalId[]): ExternalId[] {
  return typed
    .map(({ provider, id }) => ({ provider: provider.trim(), id: id.trim() }))
    .filter(({ provider, id }) => provider !== "" || id !== "");
}

interface ExternalIdFieldsProps {
  readonly typed: readonly ExternalId[];
  readonly onChange: (typed: readonly ExternalId[]) => void;
}

/** Whom providers of single sign-on will know a new user as: none until one is asked for. */
export function ExternalIdFields({ typed, onChange }: ExternalIdFieldsProps) {
  const change = (index: number, part: Partial<ExternalId>): void =>
    onChange(typed.map((old, at) => (at === index ? { ...old, ...part } : old)));
  /** One without the other is no external ID. */
  const needed = (text: string, other: string): string | null =>
    text.trim() === "" && other.trim() !== "" ? fieldProblemText("any", "empty") : null;
  return (
    <>
      {typed.map(({ provider, id }, index) => (
        <div key={index} role="group" aria-label={t("newUser.externalId", { number: index + 1 })}>
          <TextField
            label={t("users.provider")}
            help={t("users.providerHelp")}
            value={provider}
            onChange={(text) => change(index, { provider: text })}
            maxLength={255}
            autoComplete="off"
            autoFocus
            validate={(text) => needed(text, id)}
          />
          <TextField
            label={t("users.externalId")}
            value={id}
            onChange={(text) => change(index, { id: text })}
            maxLength={1000}
            autoComplete="off"
            validate={(text) => needed(text, provider)}
          />
        </div>
      ))}
      {typed.length < MAX_IDS && (
        <Buttons>
          <Button small icon={Plus} onPress={() => onChange([...typed, { provider: "", id: "" }])}>
            {t("users.addExternalId")}
          </Button>
        </Buttons>
      )}
    </>
  );
}
