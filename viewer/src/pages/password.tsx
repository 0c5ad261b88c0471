/** A new password, which the first sign-in must set. The rules are shown while typing; the server decides. */

import { useState } from "preact/hooks";
import { changePassword } from "../api/client";
import { enter, me, signOut, toList } from "../session";
import { passwordWords } from "../words/password";
import { words } from "../words/words";
import { codeOf, Field, LanguageSwitch, Mark, Sorry } from "./common";

/** Small letters, capitals, digits, others: how many of these a password has. */
function classes(password: string): number {
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u];
  return kinds.filter((kind) => kind.test(password)).length;
}

export function PasswordPage() {
  const [w, p] = [words.value, passwordWords.value];
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const login = me.value?.login ?? "";
  const must = me.value?.must_change_password;
  const rules: [string, boolean][] = [
    [p.rule_length, fresh.length >= 8],
    [p.rule_classes, classes(fresh) >= 3],
    [p.rule_login, fresh !== "" && !fresh.toLowerCase().includes(login.toLowerCase())],
    [p.rule_repeat, fresh !== "" && fresh === again],
  ];
  const ready = rules.every(([, kept]) => kept);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!ready) return;
    setBusy(true);
    setProblem(null);
    try {
      const person = await changePassword({ old, new: fresh });
      toList();
      enter(person);
    } catch (error) {
      setProblem(codeOf(error));
      setBusy(false);
    }
  };

  return (
    <main class="door">
      <form class="card" onSubmit={submit} data-testid="password-page">
        <header>
          <Mark />
          <div>
            <h1>{w.change_password}</h1>
            {must && <p>{p.must_change}</p>}
          </div>
        </header>
        <input
          class="unseen"
          type="text"
          name="username"
          autocomplete="username"
          value={login}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <Field
          label={p.old_password}
          name="old"
          type="password"
          autocomplete="current-password"
          value={old}
          oninput={setOld}
        />
        <Field
          label={p.new_password}
          name="new"
          type="password"
          autocomplete="new-password"
          value={fresh}
          oninput={setFresh}
        />
        <Field
          label={p.repeat_password}
          name="repeat"
          type="password"
          autocomplete="new-password"
          value={again}
          oninput={setAgain}
        />
        <ul class="rules">
          {rules.map(([rule, kept]) => (
            <li key={rule} class={kept ? "kept" : ""}>
              <span aria-hidden="true">{kept ? "✓" : "·"}</span> {rule}
            </li>
          ))}
        </ul>
        <Sorry code={problem} />
        <button class="primary" type="submit" disabled={busy || !ready} data-testid="save-password">
          {w.save}
        </button>
        <footer>
          <button type="button" class="quiet" onClick={() => (must ? void signOut() : toList())}>
            {must ? w.sign_out : w.back}
          </button>
          <LanguageSwitch />
        </footer>
      </form>
    </main>
  );
}
