import type { View } from "../../protocol.ts";
import { ApiError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { openView, publishHome, pushView, replaceView, viewById } from "../views.ts";
import { checkedView } from "./content.ts";
import { type ApiMethod, type Args, knownUser } from "./method.ts";

function modal(lab: Lab, args: Args) {
  const view = checkedView(lab.world, args.json("view"));
  if (view.type !== "modal") throw new ApiError("invalid_arguments");
  return view;
}

function freshEnough(known: View, args: Args): void {
  const hash = args.text("hash");
  if (hash && hash !== known.hash) throw new ApiError("hash_conflict");
}

export const views = {
  "views.open": {
    limit: "T4",
    token: "bot",
    handle: (lab, args) => {
      // Slack looks at the view first: a refused view leaves the trigger usable.
      const view = modal(lab, args);
      const { user } = lab.triggers.exchange(args.text("trigger_id"));
      return { view: openView(lab.world, user, view) };
    },
  },
  "views.push": {
    limit: "T4",
    token: "bot",
    handle: (lab, args) => {
      const view = modal(lab, args);
      const { user } = lab.triggers.exchange(args.text("trigger_id"), { toPush: true });
      const pushed = pushView(lab.world, user, view);
      if (!pushed) throw new ApiError("push_limit_reached");
      return { view: pushed };
    },
  },
  "views.update": {
    limit: "T4",
    token: "bot",
    handle: (lab, args) => {
      const view = modal(lab, args);
      const known = viewById(lab.world, args.text("view_id"), args.text("external_id"));
      if (!known) throw new ApiError("not_found");
      freshEnough(known.view, args);
      return { view: replaceView(lab.world, known.user, known.view, view) };
    },
  },
  "views.publish": {
    limit: "T4",
    token: "bot",
    handle: (lab, args) => {
      const view = checkedView(lab.world, args.json("view"));
      if (view.type !== "home") throw new ApiError("invalid_arguments");
      const { id } = knownUser(lab, args.need("user_id"));
      const known = lab.world.home.get(id);
      if (known) freshEnough(known, args);
      return { view: publishHome(lab.world, id, view) };
    },
  },
} as const satisfies Record<string, ApiMethod>;
