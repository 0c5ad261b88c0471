/** Which page is shown. */

import { useEffect } from "preact/hooks";
import { later } from "./pages/later";
import { ReadingPage } from "./pages/reading";
import { SignInPage } from "./pages/sign_in";
import { StudiesPage } from "./pages/studies";
import { changing, ended, me, study, system } from "./session";
import { language, words } from "./words/words";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const unencrypted = location.protocol === "http:" && !LOOPBACK.test(location.hostname);

const loading = () => <p class="loading-page">{words.value.loading_page}</p>;
// Few people look at these, so nobody else loads them.
const SystemPage = later(() => import("./pages/system").then((part) => part.SystemPage), loading);
const PasswordPage = later(() => import("./pages/password").then((part) => part.PasswordPage), loading);

function page() {
  if (me.value === undefined) return loading();
  // Nobody can sign in while the database is away; whoever looks after the house may see why.
  if (me.value === null) return system.value && ended.value === "database_unavailable" ? <SystemPage /> : <SignInPage />;
  if (me.value.must_change_password || changing.value) return <PasswordPage />;
  if (system.value && me.value.permissions.includes("system.read")) return <SystemPage />;
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
