import type { KeyboardEvent } from "react";
import { useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Channel } from "#lab/slack/protocol.ts";
import { useLab } from "../live/context.tsx";
import { Icon } from "../parts/icon.tsx";
import { completionAt } from "./completion.ts";
import { CompletionList } from "./completion-list.tsx";
import { send } from "./send.ts";
import { ShortcutMenu } from "./shortcut-menu.tsx";

/** What was typed and not sent, by channel and thread, for as long as the page lives. */
const drafts = new Map<string, string>();

type ComposerProps = { channel: Channel; thread?: string | undefined; placeholder: string };

/** Where a person writes: Enter sends, Shift+Enter begins a line, "/", "@", "#" and ":" offer completions. */
export function Composer({ channel, thread, placeholder }: ComposerProps) {
  const { state, actor } = useLab();
  const draftKey = `${actor.id}/${channel.id}/${thread ?? ""}`;
  const [text, setText] = useState(drafts.get(draftKey) ?? "");
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const [problem, setProblem] = useState<string>();
  const input = useRef<HTMLTextAreaElement>(null);
  const listId = useId();

  const known = useMemo(() => {
    const users = state.users.filter(({ id, is_bot }) => !is_bot || id === state.bot.id);
    return { users, userGroups: state.userGroups, channels: state.channels, commands: thread ? [] : state.commands };
  }, [state, thread]);
  const completion = dismissed === text ? undefined : completionAt(text, caret, known);
  const usage = known.commands.find(({ command }) => text.toLowerCase().startsWith(`${command} `));
  const at = Math.min(chosen, (completion?.choices.length ?? 1) - 1);

  useLayoutEffect(() => {
    const area = input.current;
    if (!area) return;
    area.style.height = "auto";
    area.style.height = text === "" ? "" : `${area.scrollHeight}px`;
  }, [text]);

  const change = (next: string, nextCaret: number) => {
    setText(next);
    setCaret(nextCaret);
    setChosen(0);
    drafts.set(draftKey, next);
  };

  const complete = (index: number) => {
    const choice = completion?.choices[index];
    if (!completion || !choice) return;
    const start = text.slice(0, completion.from) + choice.insert;
    change(start + text.slice(caret).trimStart(), start.length);
    setDismissed("");
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(start.length, start.length);
    });
  };

  const submit = async () => {
    if (text.trim() === "") return;
    change("", 0);
    setProblem(undefined);
    const sent = await send({ text, channel, thread, actor });
    if (sent.outcome === "sent") return;
    setProblem(sent.problem);
    // What failed comes back for another try, unless something new has been typed meanwhile.
    setText((now) => (now === "" ? text : now));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const plainEnter = event.key === "Enter" && !event.shiftKey && !event.altKey && !event.ctrlKey;
    if (completion) {
      const count = completion.choices.length;
      // What is typed in full already is sent by Enter, not completed once more.
      const whole = completion.choices[at]?.insert.trimEnd() === text.slice(completion.from, caret);
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        setChosen((at + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        setDismissed(text);
        return;
      }
      if (event.key === "Tab" || (plainEnter && !whole)) {
        event.preventDefault();
        complete(at);
        return;
      }
    }
    if (plainEnter) {
      event.preventDefault();
      void submit();
    }
  };

  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {problem && <Problem words={problem} onDismiss={() => setProblem(undefined)} />}
      {completion && <CompletionList id={listId} completion={completion} chosen={at} onChoose={complete} />}
      {usage && !completion && (
        <p className="usage">
          <code>
            <strong>{usage.command}</strong> {usage.usage_hint}
          </code>
          <span>{usage.description}</span>
        </p>
      )}
      <div className="composer-box">
        {!thread && <ShortcutMenu channel={channel} onProblem={setProblem} />}
        <textarea
          ref={input}
          rows={1}
          value={text}
          placeholder={placeholder}
          aria-label={placeholder}
          role="combobox"
          aria-expanded={completion !== undefined}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={completion ? `${listId}-${at}` : undefined}
          onChange={({ target }) => change(target.value, target.selectionStart)}
          onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
          onBlur={() => setDismissed(text)}
          onFocus={() => setDismissed("")}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="send" aria-label="Send" disabled={text.trim() === ""}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

function Problem({ words, onDismiss }: { words: string; onDismiss: () => void }) {
  return (
    <p className="composer-problem" role="alert">
      <Icon name="warning" />
      <span>{words}</span>
      <button type="button" className="icon-button" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="close" />
      </button>
    </p>
  );
}
