import { render } from "preact";
import { App } from "./app";
import { start } from "./session";
import { ready } from "./words/words";
import "./styles/base.css";
import "./styles/people.css";
import "./styles/reading.css";
import "./styles/player.css";
import "./styles/sheets.css";

start();
void ready.then(() => render(<App />, document.getElementById("page")!));
