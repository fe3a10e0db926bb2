import { openEncryptionContext } from "../../main/encryption/encryptionContext.ts";
import { uploadRoomKeys } from "../../main/encryption/roomKeyUpload.ts";
import { ownStoreOf } from "../../main/roomKeys/ownStore.ts";
import type { Services } from "../../main/services.ts";
import type { AccountId } from "../../shared/ids.ts";

/** Does at once what the SDK does within ten seconds: uploads the room keys of a session. */
export async function uploadNow({ sessions }: Pick<Services, "sessions">, accountId: AccountId): Promise<void> {
  const session = sessions.session(accountId);
  await session.use((client, signal) => uploadRoomKeys(openEncryptionContext(client, { signal }), () => ownStoreOf(session)));
}
