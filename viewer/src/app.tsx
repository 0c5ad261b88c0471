/** Which page is shown. */

import { useEffect } from "preact/hooks";
import { PasswordPage } from "./pages/password";
import { ReadingPage } from "./pages/reading";
import { SignInPage } from "./pages/sign_in";
import { StudiesPage } from "./pages/studies";
import { me, study } from "./session";
import { language, words } from "./words/words";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const unencrypted = location.protocol === "http:" && !LOOPBACK.test(location.hostname);

function page() {
  if (me.value === undefined) return <p class="loading-page">{words.value.loading_page}</p>;
  if (me.value === null) return <SignInPage />;
  if (me.value.must_change_password) return <PasswordPage />;
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
