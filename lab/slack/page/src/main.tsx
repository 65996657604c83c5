import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { Live } from "./live/live.ts";
import "./style/base.css";
import "./style/layout.css";
import "./style/message.css";
import "./style/blocks.css";
import "./style/chart.css";
import "./style/controls.css";
import "./style/composer.css";
import "./style/dialog.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App live={new Live()} />
  </StrictMode>,
);
