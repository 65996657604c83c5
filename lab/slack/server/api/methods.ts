import type { Json } from "../../protocol.ts";
import { type Problem, wordProblem } from "../blocks/problems.ts";
import { blockProblems, checkView } from "../blocks/validate.ts";
import { ApiError, invalidArguments } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { BOT_ID, BOT_USER } from "../workspace.ts";
import { newId } from "../world.ts";
import { chat } from "./chat.ts";
import { imageReady } from "./content.ts";
import { conversations } from "./conversations.ts";
import { files } from "./files.ts";
import { type ApiMethod, type Args, joinedChannel } from "./method.ts";
import { people } from "./people.ts";
import { reactions } from "./reactions.ts";
import { views } from "./views.ts";

const authTest: ApiMethod = {
  limit: "none",
  token: "bot",
  handle: ({ world }) => ({
    url: `${world.baseUrl}/`,
    team: world.team.name,
    user: world.users.get(BOT_USER)?.name,
    team_id: world.team.id,
    user_id: BOT_USER,
    bot_id: BOT_ID,
    is_enterprise_install: false,
  }),
};

const openConnection: ApiMethod = {
  limit: "T3",
  token: "app",
  handle: ({ world, delivery }) => {
    if (!world.manifest.settings.socket_mode_enabled) throw new ApiError("socket_mode_not_enabled");
    return { url: delivery.hub.newUrl() };
  },
};

const addBookmark: ApiMethod = {
  scope: "bookmarks:write",
  limit: "T2",
  token: "bot",
  handle: (lab, args) => {
    const channel = joinedChannel(lab, args.need("channel_id"));
    const bookmark = { title: args.need("title"), type: args.need("type"), link: args.text("link") ?? "" };
    if (bookmark.type !== "link") throw new ApiError("invalid_bookmark_type");
    if (!URL.canParse(bookmark.link)) throw new ApiError("invalid_link");
    return { bookmark: { id: newId("Bk"), channel_id: channel.id, ...bookmark, emoji: args.text("emoji") ?? "" } };
  },
};

function problemsIn(lab: Lab, args: Args): readonly Problem[] {
  const ready = { imageReady: imageReady(lab.world) };
  const blocks = args.json("blocks");
  const message = args.json("message") as Json | undefined;
  const view = args.json("view");
  if (blocks !== undefined) return blockProblems(blocks, { surface: "message", ...ready });
  if (message !== undefined)
    return blockProblems(message["blocks"], { surface: "message", base: "/message/blocks", ...ready });
  if (view === undefined) throw invalidArguments("provide one of: blocks, message, view");
  const checked = checkView(view, ready);
  return "problems" in checked ? checked.problems : [];
}

/** Public: anybody may ask, and nothing is posted. */
const validateBlocks: ApiMethod = {
  limit: "none",
  token: "none",
  handle: (lab, args) => {
    const problems = problemsIn(lab, args);
    if (problems.length === 0) return {};
    throw new ApiError("invalid_blocks", {
      errors: problems.map(({ pointer, message }) => ({ code: "invalid", message, pointer })),
      response_metadata: { messages: problems.map((problem) => `[ERROR] ${wordProblem(problem)}`) },
    });
  },
};

/** The Web API that the lab speaks; everything else is an unknown_method. */
export const methods: ReadonlyMap<string, ApiMethod> = new Map(
  Object.entries({
    "auth.test": authTest,
    "apps.connections.open": openConnection,
    "bookmarks.add": addBookmark,
    "blocks.validate": validateBlocks,
    ...chat,
    ...conversations,
    ...people,
    ...reactions,
    ...files,
    ...views,
  }),
);
