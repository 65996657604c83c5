import { readFileSync } from "node:fs";
import type { Machine } from "../machine.ts";
import { type Undo, whileBooted } from "./fault.ts";

/**
 * Recorded facts: what real hardware would tell, put where a node's own tools would read it. Only the root and the mounts
 * of that node change, so other nodes and the host see nothing of it.
 */

let count = 0;
/** Orders entries by age and tells them apart. */
const nextId = (): string => String(++count).padStart(6, "0");

/** A tool that looks up its words among recorded answers, the newest first, and else is the real one. */
const TOOL = `#!/bin/sh
d=/usr/libexec/TOOL.d
for e in $(ls -r $d/*.words 2>/dev/null); do
  read -r words <$e
  case "$* " in "$words "* | "$words") exec cat "\${e%.words}.out" ;; esac
  [ "$words" ] || exec cat "\${e%.words}.out"
done
exec $d/real "$@"
`;

const RECORD_TOOL = `set -eu
tool=$1 id=$2 words=$3
d=/usr/libexec/$tool.d
if [ ! -d $d ]; then
  path=$(command -v "$tool") || path=/usr/sbin/$tool
  mkdir -p $d
  [ ! -e "$path" ] || cp -pL "$path" $d/real
  echo "$path" >$d/path
  printf '%s' "$4" >"$path.new"
  chmod 755 "$path.new"
  mv "$path.new" "$path"
fi
cat >$d/$id.out
printf '%s\\n' "$words" >$d/$id.words`;

const FORGET_TOOL = `set -eu
tool=$1 id=$2
d=/usr/libexec/$tool.d
rm -f $d/$id.words $d/$id.out
for e in $d/*.words; do [ ! -e "$e" ] || exit 0; done
read -r path <$d/path
if [ -e $d/real ]; then mv $d/real "$path"; else rm -f "$path"; fi
rm -r $d`;

/**
 * Replaces what a tool prints when its first words are these; without words, whatever it is asked. Other calls reach the
 * real tool.
 */
export async function recordTool(
  machine: Machine,
  { tool, words, content }: { readonly tool: string; readonly words: readonly string[]; readonly content: string },
): Promise<Undo> {
  const id = nextId();
  const script = TOOL.replaceAll("TOOL", tool);
  await machine.run(["sh", "-c", RECORD_TOOL, "sh", tool, id, words.join(" "), script], { stdin: content });
  return whileBooted(machine, async () => {
    await machine.run(["sh", "-c", FORGET_TOOL, "sh", tool, id]);
  });
}

const BIND = `set -eu
mkdir -p /run/lock
cat >/run/lock/$2
mount --bind /run/lock/$2 "$1"
rm /run/lock/$2`;

const WRITE = `set -eu
mkdir -p "\${1%/*}"
[ ! -e "$1" ] || cp -p "$1" /run/lock/$2
cat >"$1"`;
const RESTORE = `set -eu
if [ -e /run/lock/$2 ]; then cat /run/lock/$2 >"$1"; rm /run/lock/$2; else rm -f "$1"; fi`;

/** Nothing can be made in /proc/net: it is a symlink, so a symlink to a copy that can be written is mounted over it. */
const RECORD_NET = `set -eu
d=/run/net
if [ ! -d $d ]; then
  mkdir $d
  for f in /proc/self/net/*; do ln -s "$f" $d/; done
  ln -s $d $d.link
  /usr/bin/python3 -ESs -c "$2" $d.link /proc/net
fi
mkdir -p "$d/$(dirname "$1")"
rm -f "$d/$1"
cat >"$d/$1"`;
const FORGET_NET = `set -eu
d=/run/net
rm -f "$d/$1"
[ ! -e "/proc/self/net/$1" ] || ln -s "/proc/self/net/$1" "$d/$1"
[ -z "$(find $d -type f)" ] || exit 0
/usr/bin/python3 -ESs -c "$2" -u /proc/net
rm -r $d $d.link`;

const mountSymlink = (): string => readFileSync(new URL("../programs/mount-symlink.py", import.meta.url), "utf8");

type Layer = { readonly content: string };
type Layers = { readonly boots: number; readonly byPath: Map<string, Layer[]> };
const layersOf = new WeakMap<Machine, Layers>();

/** The texts that were put over each file in the node's present life, the newest last. */
function layersIn(machine: Machine): Map<string, Layer[]> {
  const known = layersOf.get(machine);
  if (known?.boots === machine.boots()) return known.byPath;
  const byPath = new Map<string, Layer[]>();
  layersOf.set(machine, { boots: machine.boots(), byPath });
  return byPath;
}

/** Puts a text where a file of the node is, or where one could be. Of several texts for one file the newest is seen. */
export async function recordFile(
  machine: Machine,
  { path, content }: { readonly path: string; readonly content: string },
): Promise<Undo> {
  const layers = layersIn(machine);
  const layer: Layer = { content };
  const file = fileAt(machine, path);
  const before = layers.get(path) ?? [];
  if (before.length === 0) await file.put(content);
  else await file.change(content);
  layers.set(path, [...before, layer]);
  return whileBooted(machine, async () => {
    const all = layers.get(path) ?? [];
    const rest = all.filter((one) => one !== layer);
    layers.set(path, rest);
    const top = rest.at(-1);
    if (top === undefined) await file.restore();
    else if (all.at(-1) === layer) await file.change(top.content);
  });
}

type RecordedFile = {
  readonly put: (content: string) => Promise<unknown>;
  readonly change: (content: string) => Promise<unknown>;
  readonly restore: () => Promise<unknown>;
};

function fileAt(machine: Machine, path: string): RecordedFile {
  const id = `recorded${path.replaceAll("/", "-")}`;
  const inNet = /^\/proc\/(?:self\/)?net\/(.+)$/.exec(path)?.[1];
  const sh = (script: string, words: readonly string[], stdin = ""): Promise<string> =>
    machine.run(["sh", "-c", script, "sh", ...words], { stdin });
  const change = (content: string) => sh('cat >"$1"', [inNet === undefined ? path : `/run/net/${inNet}`], content);
  if (inNet !== undefined)
    return {
      put: (content) => sh(RECORD_NET, [inNet, mountSymlink()], content),
      change,
      restore: () => sh(FORGET_NET, [inNet, mountSymlink()]),
    };
  if (/^\/(proc|sys)\//.test(path))
    return {
      put: (content) => sh(BIND, [path, id], content),
      change,
      restore: () => machine.run(["umount", path]),
    };
  return { put: (content) => sh(WRITE, [path, id], content), change, restore: () => sh(RESTORE, [path, id]) };
}
