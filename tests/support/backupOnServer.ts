import { backupPublicKey } from "../../main/roomKeys/keyPairs.ts";
import { BackupDecryptor, BackupEncryptor } from "../../main/roomKeys/backupCipher.ts";
import type { Scene } from "./interruptedWork.ts";
import { VERSIONS } from "./keysOnServer.ts";
import { privateKeyOf } from "./secretValues.ts";

const KEYS = "/_matrix/client/v3/room_keys/keys";
const ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2";

/** What a server says of an entry beside what is locked in it. */
interface Beside {
  first_message_index: number;
  forwarded_count: number;
  is_verified: boolean;
}
type Entry = Beside & { session_data: { ciphertext: string; ephemeral: string; mac: string } };

/** A backup's private key, with which its entries are written and read past the app, whatever is in them. */
export class BackupOnServer {
  readonly privateKey: string;
  readonly #scene: Pick<Scene, "ask">;

  constructor(scene: Pick<Scene, "ask">, privateKey: string) {
    this.#scene = scene;
    this.privateKey = privateKey;
  }

  /** Begins a backup with this private key, signed by nobody. */
  async begin(privateKey: string): Promise<void> {
    const authData = { public_key: backupPublicKey(privateKeyOf(privateKey)), signatures: {} };
    await this.#scene.ask("POST", VERSIONS, { algorithm: ALGORITHM, auth_data: authData });
  }

  /** Puts entries into the newest backup, sealed for a private key. */
  async put(
    roomId: string,
    entries: readonly { sessionId: string; clear: string }[],
    beside: Partial<Beside>,
    privateKey = this.privateKey,
  ): Promise<void> {
    const encryptor = new BackupEncryptor(backupPublicKey(privateKeyOf(privateKey))!);
    const sessions = entries.map(({ sessionId, clear }): [string, Entry] => {
      const all = { first_message_index: indexIn(clear), forwarded_count: 0, is_verified: false, ...beside };
      return [sessionId, { ...all, session_data: encryptor.encrypt(clear) }];
    });
    const { version } = await this.#scene.ask("GET", VERSIONS);
    const rooms = { [roomId]: { sessions: Object.fromEntries(sessions) } };
    await this.#scene.ask("PUT", `${KEYS}?version=${version}`, { rooms });
  }

  /** What opens of the newest backup, by room id and session id. */
  async read(): Promise<Record<string, Beside & { clear: string }>> {
    const decryptor = new BackupDecryptor(privateKeyOf(this.privateKey));
    const found: Record<string, Beside & { clear: string }> = {};
    const { version } = await this.#scene.ask("GET", VERSIONS);
    const { rooms } = await this.#scene.ask("GET", `${KEYS}?version=${version}`);
    for (const [roomId, { sessions }] of Object.entries(rooms as Record<string, { sessions: Record<string, Entry> }>)) {
      for (const [sessionId, { session_data: data, ...beside }] of Object.entries(sessions)) {
        const clear = decryptor.decrypt(data);
        if (clear !== null) found[`${roomId} ${sessionId}`] = { ...beside, clear };
      }
    }
    return found;
  }

  async count(): Promise<number> {
    return Object.keys(await this.read()).length;
  }

  /** The versions on the server, newest first. */
  async versions(): Promise<string[]> {
    const newest = (await this.#scene.ask("GET", VERSIONS)) as { version: string } | null;
    const numbers = Array.from({ length: Number(newest?.version ?? 0) }, (_, index) => Number(newest!.version) - index);
    const found = await Promise.all(numbers.map((number) => this.#scene.ask("GET", `${VERSIONS}/${number}`)));
    return numbers.map(String).filter((_, index) => found[index] !== null);
  }
}

/** The index with which a room key begins; 0 for what is none. */
function indexIn(clear: string): number {
  try {
    const bytes = Buffer.from((JSON.parse(clear) as { session_key: string }).session_key, "base64");
    return bytes.length > 5 ? bytes.readUInt32BE(1) : 0;
  } catch {
    return 0;
  }
}
