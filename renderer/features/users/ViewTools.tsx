import { useEffect, useId, useState } from "react";
import type { UserListColumn } from "../../../shared/contract/userViews.ts";
import type { AccountId } from "../../../shared/ids.ts";
import { steward } from "../../bridge.ts";
import { Button } from "../../components/Button.tsx";
import { Checkbox } from "../../components/Choice.tsx";
import { Dialog } from "../../components/Dialog.tsx";
import { DialogBoundary } from "../../components/DialogBoundary.tsx";
import { ErrorText } from "../../components/ErrorText.tsx";
import { Form } from "../../components/Form.tsx";
import { Row, Rows } from "../../components/Rows.tsx";
import { TextField } from "../../components/TextField.tsx";
import { useAction } from "../../components/useAction.ts";
import { t } from "../../i18n/index.ts";
import { useUserList } from "../../stores/users.ts";
import { applyView, isView, setColumns, useColumns, userViews } from "../../stores/userViews.ts";
import styles from "./Users.module.css";

const allColumns = [
  "states",
  "userType",
  "createdAt",
  "lastSeenAt",
  "emails",
  "phones",
  "externalIds",
] as const satisfies readonly UserListColumn[];

interface OfAccount {
  readonly accountId: AccountId;
}

/** Which columns the list has, and the views that were saved. */
export function ViewTools({ accountId }: OfAccount) {
  const { answer, error } = userViews.use(accountId);
  const { filter } = useUserList(accountId);
  const columns = useColumns(accountId);
  const [open, setOpen] = useState<"columns" | "views" | null>(null);
  useEffect(() => void userViews.load(accountId), [accountId]);
  const views = answer?.views ?? [];
  const apply = useAction(async (id: string) => {
    const view = views.find((one) => one.id === id);
    if (view) await applyView(accountId, view);
  });
  const problem = error ?? apply.error;
  const close = (): void => setOpen(null);
  return (
    <>
      {views.length > 0 && (
        <select
          className={styles["sort"]}
          aria-label={t("users.views.title")}
          value={views.find((view) => isView(view, filter, columns))?.id ?? ""}
          onChange={(event) => void apply.run(event.target.value)}
        >
          <option value="">{t("users.views.none")}</option>
          {views.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <Button small onPress={() => setOpen("views")}>
        {t("users.views.open")}
      </Button>
      <Button small onPress={() => setOpen("columns")}>
        {t("users.chooseColumns")}
      </Button>
      {problem && <ErrorText error={problem} />}
      {open !== null && (
        <DialogBoundary onClose={close}>
          {open === "columns" ? (
            <ColumnsDialog accountId={accountId} onClose={close} />
          ) : (
            <ViewsDialog accountId={accountId} onClose={close} />
          )}
        </DialogBoundary>
      )}
    </>
  );
}

function ColumnsDialog({ accountId, onClose }: OfAccount & { readonly onClose: () => void }) {
  const shown = useColumns(accountId);
  const [chosen, setChosen] = useState<ReadonlySet<UserListColumn>>(new Set(shown));
  const save = useAction(async () => {
    await setColumns(
      accountId,
      allColumns.filter((column) => chosen.has(column)),
    );
    onClose();
  });
  const choose = (column: UserListColumn, yes: boolean): void =>
    setChosen(new Set(allColumns.filter((one) => (one === column ? yes : chosen.has(one)))));
  return (
    <Dialog
      title={t("users.columnsTitle")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" busy={save.busy} onPress={() => void save.run()}>
            {t("users.showColumns")}
          </Button>
          <Button onPress={onClose}>{t("common.cancel")}</Button>
        </>
      }
    >
      {allColumns.map((column) => (
        <Checkbox key={column} value={chosen.has(column)} onChange={(yes) => choose(column, yes)}>
          {t(`users.columns.${column}`)}
        </Checkbox>
      ))}
      {save.error && <ErrorText error={save.error} />}
    </Dialog>
  );
}

const MAX_NAME = 60;

/** Saves the list as it is now, and removes views. */
function ViewsDialog({ accountId, onClose }: OfAccount & { readonly onClose: () => void }) {
  const { answer } = userViews.use(accountId);
  const { filter } = useUserList(accountId);
  const columns = useColumns(accountId);
  const [name, setName] = useState("");
  const [everywhere, setEverywhere] = useState(false);
  const save = useAction(async () => {
    userViews.set(accountId, await steward.userViews.save({ accountId, name: name.trim(), everywhere, filter, columns: [...columns] }));
    onClose();
  });
  const remove = useAction(async (id: string) => {
    const view = answer?.views.find((one) => one.id === id);
    if (view) userViews.set(accountId, await steward.userViews.remove({ accountId, id: view.id }));
  });
  const formId = useId();
  const problem = save.error ?? remove.error;
  return (
    <Dialog
      title={t("users.views.title")}
      onClose={onClose}
      actions={
        <>
          <Button look="primary" type="submit" form={formId} busy={save.busy}>
            {t("users.views.save")}
          </Button>
          <Button onPress={onClose}>{t("common.close")}</Button>
        </>
      }
    >
      <Form id={formId} onSubmit={() => void save.run()}>
        <TextField
          label={t("users.views.name")}
          help={t("users.views.help")}
          value={name}
          onChange={setName}
          maxLength={MAX_NAME}
          autoComplete="off"
          isRequired
          validate={(typed) => (typed.trim() === "" ? t("users.views.needsName") : null)}
        />
        <Checkbox value={everywhere} onChange={setEverywhere}>
          {t("users.views.everywhere")}
        </Checkbox>
      </Form>
      {problem && <ErrorText error={problem} />}
      {answer !== null && answer.views.length > 0 && (
        <Rows label={t("users.views.title")}>
          {answer.views.map((view) => (
            <Row
              key={view.id}
              title={view.name}
              {...(view.accountId === null && { text: t("users.views.forAll") })}
              end={
                <Button small aria-label={t("users.removeNamed", { name: view.name })} onPress={() => void remove.run(view.id)}>
                  {t("users.remove")}
                </Button>
              }
            />
          ))}
        </Rows>
      )}
    </Dialog>
  );
}
