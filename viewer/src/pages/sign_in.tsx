/** The door. */

import { useState } from "preact/hooks";
import { signIn } from "../api/client";
import { ended, enter } from "../session";
import { words } from "../words/words";
import { codeOf, Field, LanguageSwitch, Mark, Sorry } from "./common";

export function SignInPage() {
  const w = words.value;
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      enter(await signIn({ login, password }));
    } catch (error) {
      setProblem(codeOf(error));
      setBusy(false);
    }
  };

  return (
    <main class="door">
      <form class="card" onSubmit={submit} data-testid="sign-in-page">
        <header>
          <Mark />
          <div>
            <h1>{w.product}</h1>
            <p>{w.tagline}</p>
          </div>
        </header>
        <Field label={w.login} name="login" autocomplete="username" value={login} oninput={setLogin} />
        <Field
          label={w.password}
          name="password"
          type="password"
          autocomplete="current-password"
          value={password}
          oninput={setPassword}
        />
        <Sorry code={problem ?? ended.value} />
        <button class="primary" type="submit" disabled={busy} data-testid="sign-in">
          {busy ? w.signing_in : w.sign_in}
        </button>
        <footer>
          <LanguageSwitch />
        </footer>
      </form>
    </main>
  );
}
