import { Resvg } from "@resvg/resvg-js";
import type { App } from "@slack/bolt";
import type { KnownBlock } from "@slack/types";

const plain = (text: string) => ({ type: "plain_text", text }) as const;
const mrkdwn = (text: string) => ({ type: "mrkdwn", text }) as const;

const picture = new Resvg(
  `<svg xmlns="http://www.w3.org/2000/svg" width="1080" height="660"><rect width="1080" height="660" fill="#1F2328"/>
   <path d="M60 400 L300 400 L320 120 L760 120 L780 400 L1020 400" stroke="#58A6FF" stroke-width="8" fill="none"/></svg>`,
)
  .render()
  .asPng();

export const running: KnownBlock[] = [
  { type: "header", text: plain("web-0 → db-0") },
  {
    type: "plan",
    title: "Checking · 0:06 of 1:00",
    tasks: [
      { type: "task_card", task_id: "resolve", title: "Resolve targets", status: "complete" },
      { type: "task_card", task_id: "ping", title: "Ping on 18 legs", status: "in_progress" },
    ],
  },
  {
    type: "actions",
    elements: [
      {
        type: "button",
        text: plain("Cancel"),
        action_id: "cancel",
        value: "nc-1",
        confirm: {
          title: plain("Stop the check?"),
          text: plain("What was measured is kept."),
          confirm: plain("Stop"),
          deny: plain("Keep On"),
        },
      },
    ],
  },
];

const categories = ["02:00", "02:01", "02:02", "02:03"];
const chart = {
  type: "data_visualization",
  title: "p99 per minute (ms)",
  chart: {
    type: "line",
    series: [
      { name: "p99", data: categories.map((label, index) => ({ label, value: [0.5, 380, 391, 0.6][index] ?? 0 })) },
    ],
    axis_config: { categories },
  },
};

const finished: KnownBlock[] = [
  { type: "header", text: plain("Degraded: packets through node-2 are late") },
  {
    type: "section",
    text: mrkdwn("*web-0 → db-0*: 1 packet in 4 is late.\n<script>document.title = 'owned'</script>"),
  },
  { type: "section", fields: [mrkdwn("*Loss*\n0 %"), mrkdwn("*p99*\n392 ms")] },
  // Newer than the types of the SDK.
  chart as unknown as KnownBlock,
  {
    type: "actions",
    elements: [
      { type: "button", text: plain("Run Again"), action_id: "again", value: "nc-1" },
      { type: "overflow", action_id: "more", options: [{ text: plain("Export JSON"), value: "export" }] },
    ],
  },
  { type: "context", elements: [mrkdwn("nc-1 · 02:00–02:10 · <@U0ALICE>")] },
];

const table: KnownBlock[] = [
  {
    type: "table",
    rows: [
      [
        { type: "raw_text", text: "Check" },
        { type: "raw_text", text: "Detail" },
      ],
      [
        { type: "raw_text", text: "Latency" },
        { type: "raw_text", text: "25 % of the packets through the network card of node-2 are 200–400 ms late" },
      ],
    ],
  },
  {
    type: "container",
    title: plain("Details"),
    is_collapsible: true,
    default_collapsed: true,
    child_blocks: [{ type: "section", text: mrkdwn("18 legs, 5 packets per second") }],
  },
  {
    type: "context_actions",
    elements: [
      {
        type: "feedback_buttons",
        action_id: "cause",
        positive_button: { text: plain("Right Cause"), value: "right" },
        negative_button: { text: plain("Wrong Cause"), value: "wrong" },
      },
    ],
  },
];

/** Makes a Bolt app answer as a check does, in miniature: enough of everything that the page has to show. */
export function answerOnPage(app: App): void {
  app.command("/netcheck", async ({ ack, command, client, respond }) => {
    await ack();
    if (command.text === "") {
      await client.views.open({ trigger_id: command.trigger_id, view: form });
      return;
    }
    await respond(`Queued *nc-1*: ${command.text}`);
    const channel = command.channel_id;
    const { ts = "" } = await client.chat.postMessage({ channel, text: "Checking web-0 → db-0", blocks: running });
    await client.chat.postMessage({ channel, thread_ts: ts, text: "*02:01:12 UTC*: latency rose." });
    await client.chat.update({ channel, ts, text: "Degraded", blocks: finished });
    await client.filesUploadV2({
      channel_id: channel,
      thread_ts: ts,
      file: picture,
      filename: "latency.png",
      title: "Latency",
    });
    await client.chat.postMessage({ channel, thread_ts: ts, text: "Checks", blocks: table });
  });

  app.action("again", async ({ ack, body, respond }) => {
    await ack();
    await respond({ text: `Running again for <@${body.user.id}>.`, replace_original: false });
  });
  app.action("cancel", async ({ ack, respond }) => {
    await ack();
    await respond({ text: "Stopped.", replace_original: false });
  });
  app.action("more", async ({ ack, respond, action }) => {
    await ack();
    const chosen = action.type === "overflow" ? action.selected_option.value : "nothing";
    await respond({ text: `Chosen: ${chosen}`, replace_original: false });
  });
  app.action("cause", async ({ ack, respond, action }) => {
    await ack();
    await respond({ text: `Thank you: ${"value" in action ? action.value : ""}`, replace_original: false });
  });

  app.view("check", async ({ ack, view, client, body }) => {
    const value = (block: string) => view.state.values[block]?.["v"];
    const to = value("to")?.value ?? "";
    if (!to.startsWith("db")) {
      await ack({ response_action: "errors", errors: { to: `There is no ${to}. Did you mean db-0?` } });
      return;
    }
    await ack();
    const chosen = [
      value("from")?.value,
      to,
      value("for")?.selected_option?.value,
      value("kind")?.selected_option?.value,
      value("also")
        ?.selected_options?.map((option) => option.value)
        .join("+"),
      value("rate")?.value,
    ];
    await client.chat.postMessage({ channel: "C0ONCALL", text: `<@${body.user.id}> asked for ${chosen.join(" ")}` });
  });

  app.shortcut("netcheck_from_message", async ({ ack, shortcut, client }) => {
    await ack();
    await client.views.open({ trigger_id: shortcut.trigger_id, view: form });
  });

  app.event("app_home_opened", async ({ event, client }) => {
    const blocks: KnownBlock[] = [{ type: "header", text: plain("Your checks") }];
    await client.views.publish({ user_id: event.user, view: { type: "home", blocks } });
  });
}

const option = (text: string, value: string) => ({ text: plain(text), value });

const form = {
  type: "modal" as const,
  callback_id: "check",
  title: plain("New Check"),
  submit: plain("Start Check"),
  blocks: [
    { type: "input", block_id: "from", label: plain("From"), element: { type: "plain_text_input", action_id: "v" } },
    { type: "input", block_id: "to", label: plain("To"), element: { type: "plain_text_input", action_id: "v" } },
    {
      type: "input",
      block_id: "for",
      label: plain("How long"),
      element: {
        type: "static_select",
        action_id: "v",
        options: [option("1 minute", "1m"), option("10 minutes", "10m")],
        initial_option: option("10 minutes", "10m"),
      },
    },
    {
      type: "input",
      block_id: "kind",
      label: plain("Kind"),
      element: {
        type: "radio_buttons",
        action_id: "v",
        options: [option("Ping and TCP", "both"), option("Ping only", "ping")],
      },
    },
    {
      type: "input",
      block_id: "also",
      optional: true,
      label: plain("Also"),
      element: {
        type: "checkboxes",
        action_id: "v",
        options: [option("Capture packets", "capture"), option("Tell the channel", "tell")],
      },
    },
    {
      type: "input",
      block_id: "rate",
      label: plain("Packets per second"),
      element: { type: "number_input", action_id: "v", is_decimal_allowed: false, initial_value: "5" },
    },
  ] satisfies KnownBlock[],
};
