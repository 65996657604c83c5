import { expect, test } from "vitest";
import { LabClock } from "#lab/slack/server/clock.ts";
import { escapeTyped, richTextOf } from "#lab/slack/server/escape.ts";
import { loadManifest } from "#lab/slack/server/manifest.ts";
import { defaultWorkspace } from "#lab/slack/server/workspace.ts";
import { createWorld, newTokens } from "#lab/slack/server/world.ts";

const manifest = await loadManifest({ display_information: { name: "netcheck" } });
const world = createWorld(defaultWorkspace, {
  clock: new LabClock(),
  manifest,
  tokens: newTokens(),
  optionalScopes: true,
});

test.each([
  ["web-0 db-0 10m", "web-0 db-0 10m"],
  ["@alice and @nobody", "<@U0ALICE|alice> and @nobody"],
  ["<@U0BOB>", "<@U0BOB>"],
  ["#oncall #nowhere", "<#C0ONCALL|oncall> #nowhere"],
  ["@oncall-net @here", "<!subteam^S0ONCALLNET|@oncall-net> <!here>"],
  ["http://10.0.0.1/x?a=1&b=2", "<http://10.0.0.1/x?a=1&amp;b=2>"],
  ["(see https://a.io/b.)", "(see <https://a.io/b>.)"],
  ["10.0.0.1:443 db-0", "<http://10.0.0.1:443|10.0.0.1:443> db-0"],
  ["payments.shop shop/web-0", "<http://payments.shop|payments.shop> shop/web-0"],
  ["db.svc.cluster.local", "db.svc.cluster.local"],
  ["1.2.3 10.0.0.1.5", "1.2.3 10.0.0.1.5"],
  ["a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"],
  ["mail@alice", "mail@alice"],
])("typed %o becomes %o", (typed, escaped) => {
  expect(escapeTyped(world, typed, { withName: true })).toBe(escaped);
});

test("messages carry mentions without a name, and a rich_text block", () => {
  const escaped = escapeTyped(world, "@netcheck why is #network < slow? http://a.io", { withName: false });
  expect(escaped).toBe("<@U0NETCHECK> why is <#C0NETWORK|network> &lt; slow? <http://a.io>");
  expect(richTextOf(escaped)["elements"]).toEqual([
    {
      type: "rich_text_section",
      elements: [
        { type: "user", user_id: "U0NETCHECK" },
        { type: "text", text: " why is " },
        { type: "channel", channel_id: "C0NETWORK" },
        { type: "text", text: " < slow? " },
        { type: "link", url: "http://a.io" },
      ],
    },
  ]);
});
