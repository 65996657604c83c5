import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `vite lab/slack/page` (with hot reload) finds a running lab Slack. */
const labSlack = process.env["LAB_SLACK_URL"] ?? "http://127.0.0.1:4380";

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { target: "es2023", cssTarget: "chrome123", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { host: "127.0.0.1", proxy: { "/lab": labSlack, "/files": labSlack } },
});
