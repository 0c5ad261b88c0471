/** The REST routes. Every error is a Problem with a code of the dictionary. */

import type { Me, PasswordChange, Problem, SignIn, StudyInfo, StudyList, SystemInfo } from "./messages";

export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status: number,
  ) {
    super(code);
  }
}

/** Called on 401: the session has ended. */
export const session = { ended: (): void => undefined };

const address = (path: string): string => new URL(path, document.baseURI).href;

async function request<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const options: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
  if (signal) options.signal = signal;
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response: Response;
  try {
    response = await fetch(address(path), options);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("network", "", 0);
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = (await response.json().catch(() => ({ code: "server_error" }))) as Problem;
  if (response.status === 401 && path !== "api/sign-in") session.ended();
  throw new ApiError(problem.code ?? "server_error", problem.detail ?? "", response.status);
}

export const fetchMe = (): Promise<Me> => request("GET", "api/me");
export const signIn = (body: SignIn): Promise<Me> => request("POST", "api/sign-in", body);
export const signOut = (): Promise<void> => request("POST", "api/sign-out", {});
export const changePassword = (body: PasswordChange): Promise<Me> => request("POST", "api/password", body);
export const fetchPreferences = (): Promise<unknown> => request("GET", "api/me/preferences");
export const savePreferences = (wanted: object): Promise<void> => request("PUT", "api/me/preferences", wanted);
export const fetchSystem = (): Promise<SystemInfo> => request("GET", "api/system");
export const fetchStudy = (id: number): Promise<StudyInfo> => request("GET", `api/studies/${id}`);

export function findStudies(query: string, offset: number, limit: number, signal: AbortSignal): Promise<StudyList> {
  const search = new URLSearchParams({ query, offset: String(offset), limit: String(limit) });
  return request("GET", `api/studies?${search}`, undefined, signal);
}

export const thumbnail = (series: number): string => address(`api/series/${series}/thumbnail`);

/** The stream's address beside the page's own. */
export function streamAddress(): string {
  const url = new URL("stream", document.baseURI);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
