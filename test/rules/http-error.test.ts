import { expect, test } from "vitest";
import { httpError } from "#src/rules/http-error.ts";
import type { Scene } from "../core/simulate.ts";
import { ask, because } from "./ask.ts";
import { answers, program, someOf } from "./http-lines.ts";

const ok = answers(1.2);
const fails = answers(2, 503);

test.each<{ name: string; scene: Scene; want: string }>([
  {
    name: "it answers 503, inside as well",
    scene: program({ source: fails, self: fails }),
    want: "shop/api-1 certain",
  },
  { name: "it answers 503, but not inside", scene: program({ source: fails, self: ok }), want: "shop/api-1 likely" },
  {
    name: "every third answer is a 502",
    scene: program({ source: someOf(3, answers(2, 502), ok) }),
    want: "shop/api-1 likely",
  },
  { name: "all is well", scene: program({ source: ok, self: ok }), want: "cleared" },
  { name: "nobody asked it", scene: {}, want: "unknown" },
  // What can fool it.
  { name: "it answers 404", scene: program({ source: answers(1, 404) }), want: "cleared" },
  { name: "it wants a login", scene: program({ source: answers(1, 401) }), want: "cleared" },
  { name: "it knows no HEAD", scene: program({ source: answers(1, 501) }), want: "cleared" },
  {
    name: "one answer of twelve is a 500",
    scene: program({ source: someOf(12, answers(1, 500), ok) }),
    want: "cleared",
  },
])("http-error says $want when $name", ({ scene, want }) => {
  expect(ask(httpError, scene).brief).toBe(want);
});

test("it counts the statuses", () => {
  expect(because(ask(httpError, program({ source: fails, self: fails })).verdict)).toContain(
    "12 × 503 of 12 answers (100 %)",
  );
});
