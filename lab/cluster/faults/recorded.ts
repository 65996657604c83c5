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

/** Puts a text where a file of the node is, or where one could be. */
export async function recordFile(
  machine: Machine,
  { path, content }: { readonly path: string; readonly content: string },
): Promise<Undo> {
  const id = `recorded-${nextId()}`;
  const inNet = /^\/proc\/(?:self\/)?net\/(.+)$/.exec(path)?.[1];
  const sh = (script: string, words: readonly string[], stdin = ""): Promise<string> =>
    machine.run(["sh", "-c", script, "sh", ...words], { stdin });
  if (inNet !== undefined) {
    await sh(RECORD_NET, [inNet, mountSymlink()], content);
    return whileBooted(machine, async () => void (await sh(FORGET_NET, [inNet, mountSymlink()])));
  }
  if (/^\/(proc|sys)\//.test(path)) {
    await sh(BIND, [path, id], content);
    return whileBooted(machine, async () => void (await machine.run(["umount", path])));
  }
  await sh(WRITE, [path, id], content);
  return whileBooted(machine, async () => void (await sh(RESTORE, [path, id])));
}
