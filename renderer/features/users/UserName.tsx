import type { UserRow } from "../../../shared/contract/users.ts";
import { Pill } from "../../components/Pill.tsx";
import { ServerText } from "../../components/ServerText.tsx";
import styles from "./UserName.module.css";
import { nameOfUser, verdictsOf } from "./userWords.ts";

/** A user's name over their Matrix ID, or the Matrix ID alone. */
export function UserName({ user }: { readonly user: UserRow }) {
  const { userId } = user;
  const name = nameOfUser(user);
  return (
    <span className={styles["words"]}>
      <span className={styles["name"]} title={name}>
        <ServerText>{name}</ServerText>
      </span>
      {name !== userId && (
        <span className={styles["id"]} title={userId}>
          <ServerText>{userId}</ServerText>
        </span>
      )}
    </span>
  );
}

/** What is to be known of a user at a glance. */
export function UserPills({ user }: { readonly user: UserRow }) {
  return (
    <span className={styles["pills"]}>
      {verdictsOf(user).map((verdict) => (
        <Pill key={verdict.text} {...verdict} />
      ))}
    </span>
  );
}
