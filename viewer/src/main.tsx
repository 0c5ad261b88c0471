import { render } from "preact";
import { App } from "./app";
import { start } from "./session";
import "./styles/base.css";
import "./styles/people.css";
import "./styles/reading.css";

start();
render(<App />, document.getElementById("page")!);
