/** Which page is shown. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { PasswordPage } from "./pages/password";
import { ReadingPage } from "./pages/reading";
import { SignInPage } from "./pages/sign_in";
import { StudiesPage } from "./pages/studies";
import { me, study, system } from "./session";
import { language, words } from "./words/words";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const unencrypted = location.protocol === "http:" && !LOOPBACK.test(location.hostname);

// Few people look at it, so nobody else loads it.
const SystemPage = signal<FunctionComponent | null>(null);
async function fetchSystemPage(): Promise<void> {
  const { SystemPage: fetched } = await import("./pages/system");
  SystemPage.value = fetched;
}

function Later() {
  useEffect(() => void fetchSystemPage(), []);
  const Page = SystemPage.value;
  return Page ? <Page /> : <p class="loading-page">{words.value.loading_page}</p>;
}

function page() {
  if (me.value === undefined) return <p class="loading-page">{words.value.loading_page}</p>;
  if (me.value === null) return <SignInPage />;
  if (me.value.must_change_password) return <PasswordPage />;
  if (system.value && me.value.permissions.includes("system.read")) return <Later />;
  return study.value === null ? <StudiesPage /> : <ReadingPage id={study.value} />;
}

export function App() {
  const lang = language.value;
  useEffect(() => {
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  }, [lang]);
  return (
    <>
      {unencrypted && (
        <div class="unencrypted" role="alert" data-testid="not-encrypted">
          <span aria-hidden="true">⚠</span> {words.value.not_encrypted}
        </div>
      )}
      {page()}
    </>
  );
}
