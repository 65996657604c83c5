import type { PlanBlock, TaskCardBlock } from "@slack/types";
import { Icon } from "../parts/icon.tsx";
import { OutLink } from "../text/draw-text.tsx";
import { safeUrl } from "../text/nodes.ts";
import { RichText } from "../text/rich-text.tsx";

const words = { pending: "not started", in_progress: "running", complete: "done", error: "failed" } as const;

/** A titled list of tasks with their states. */
export function Plan({ block }: { block: PlanBlock }) {
  const tasks = (block.tasks ?? []) as TaskCardBlock[];
  const running = tasks.some((task) => task.status === "in_progress");
  return (
    <section className="plan" aria-label={block.title}>
      <p className="plan-title">
        {running && <span className="spinner" aria-hidden="true" />}
        {block.title}
      </p>
      <ul className="plan-tasks">
        {tasks.map((task) => (
          <li key={task.task_id}>
            <TaskCard task={task} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One task: its state as a shape and in words, its details and its output. */
export function TaskCard({ task }: { task: TaskCardBlock }) {
  return (
    <div className="task" data-status={task.status}>
      <span className="task-state">
        {task.status === "in_progress" && <span className="spinner" aria-hidden="true" />}
        {task.status === "complete" && <Icon name="check" />}
        {task.status === "error" && <Icon name="cross" />}
        {task.status === "pending" && <Icon name="circle" />}
        <span className="sr-only">{words[task.status]}: </span>
      </span>
      <div className="task-body">
        <p className="task-title">{task.title}</p>
        {task.details && <RichText block={task.details} />}
        {task.output && <RichText block={task.output} />}
        {task.sources?.map((source) => {
          const url = safeUrl(source.url);
          return (
            url && (
              <OutLink key={source.url} url={url}>
                {source.text}
              </OutLink>
            )
          );
        })}
      </div>
    </div>
  );
}
