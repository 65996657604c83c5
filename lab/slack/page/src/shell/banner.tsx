import type { Connection } from "../live/live.ts";
import { Icon } from "../parts/icon.tsx";

/** One line on top while something is wrong with the connection, or while no app is there to answer. */
export function Banner({ connection, appConnections }: { connection: Connection; appConnections: number | undefined }) {
  const words =
    connection === "lost"
      ? "The connection to the lab Slack is lost. Trying again…"
      : appConnections === 0
        ? "The app is not connected, so nobody answers commands at the moment."
        : undefined;
  return (
    <div role="status" className="banner" data-level={connection === "lost" ? "error" : "warning"} hidden={!words}>
      {words && (
        <>
          <Icon name="warning" />
          {words}
        </>
      )}
    </div>
  );
}
