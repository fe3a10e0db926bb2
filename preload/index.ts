import { contextBridge, ipcRenderer } from "electron";
import { channelNames } from "virtual:channels";

const requests = new Set(channelNames.requests);
const events = new Set(channelNames.events);

/** The bridge. It knows which channels exist and nothing else; main checks everything that comes through it. */
contextBridge.exposeInMainWorld("steward", {
  platform: process.platform,
  request: (channel: string, input: unknown): Promise<unknown> =>
    requests.has(channel) ? ipcRenderer.invoke(channel, input) : Promise.reject(new Error("Steward has no such request.")),
  on: (channel: string, listener: (payload: unknown) => void): (() => void) => {
    if (!events.has(channel)) throw new Error("Steward has no such event.");
    const forward = (_event: unknown, payload: unknown): void => listener(payload);
    ipcRenderer.on(channel, forward);
    return () => void ipcRenderer.removeListener(channel, forward);
  },
});
