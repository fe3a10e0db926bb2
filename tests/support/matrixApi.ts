/** What a homeserver answered. */
export interface MatrixAnswer {
  status: number;
  /** Parsed JSON; null when the body was empty. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
}

/** One call of a homeserver's HTTP API. */
export interface MatrixCall {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Path with query, from the slash on. */
  path: string;
  token?: string | undefined;
  body?: unknown;
}

/** Calls a homeserver's API without any SDK and answers whatever status came. */
export async function matrixCall(baseUrl: string, call: MatrixCall): Promise<MatrixAnswer> {
  const headers: Record<string, string> = {};
  if (call.token !== undefined) headers.authorization = `Bearer ${call.token}`;
  if (call.body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(new URL(call.path, baseUrl), {
    method: call.method ?? (call.body === undefined ? "GET" : "POST"),
    headers,
    body: call.body === undefined ? null : JSON.stringify(call.body),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

/** As `matrixCall`, but answers the body and throws on anything but a success. */
export async function matrixOk(baseUrl: string, call: MatrixCall): Promise<MatrixAnswer["body"]> {
  const { status, body } = await matrixCall(baseUrl, call);
  if (status >= 300) throw new Error(`${call.method ?? ""} ${call.path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** A signed-in session, as the server gave it. */
export interface Tokens {
  userId: string;
  deviceId: string;
  accessToken: string;
}

/** Signs in with a password and makes a new session. */
export async function login(
  baseUrl: string,
  user: string,
  password: string,
  device: { deviceId?: string; displayName?: string } = {},
): Promise<Tokens> {
  const body = await matrixOk(baseUrl, {
    path: "/_matrix/client/v3/login",
    body: {
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      device_id: device.deviceId,
      initial_device_display_name: device.displayName,
    },
  });
  return { userId: body.user_id, deviceId: body.device_id, accessToken: body.access_token };
}

/** Does `work` for 0, 1, ... `count - 1`, a few at a time, and answers the results in order. */
export async function manyTimes<T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}
