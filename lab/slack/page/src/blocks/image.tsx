import type { SlackFileImageObject, UrlImageObject } from "@slack/types";
import { useState } from "react";
import { Lightbox } from "../dialogs/lightbox.tsx";
import { useLab } from "../live/context.tsx";
import type { Directory } from "../live/directory.ts";
import { Icon } from "../parts/icon.tsx";

/** Only pictures that the lab Slack serves itself are loaded; nothing is fetched from elsewhere. */
export function sameOrigin(url: string): string | undefined {
  const parsed = URL.parse(url, location.href);
  if (!parsed || parsed.protocol === "data:") return undefined;
  // The server names itself by its own address; the page may have been opened through another name of it.
  return parsed.pathname.startsWith("/files/") || parsed.origin === location.origin ? parsed.pathname : undefined;
}

/** Where the picture of an image object is, or undefined while Slack has not processed it or when it is elsewhere. */
function imageUrl(image: UrlImageObject | SlackFileImageObject, directory: Directory): string | undefined {
  if ("image_url" in image) return sameOrigin(image.image_url);
  if (!("slack_file" in image)) return undefined;
  if ("url" in image.slack_file) return sameOrigin(image.slack_file.url);
  const file = directory.file(image.slack_file.id);
  return file ? sameOrigin(file.url_private) : `/files/${encodeURIComponent(image.slack_file.id)}/image`;
}

type PictureProps = { image: UrlImageObject | SlackFileImageObject; alt: string; title?: string | undefined };

/** A picture of a block that opens large. */
export function Picture({ image, alt, title }: PictureProps) {
  const { directory } = useLab();
  const url = imageUrl(image, directory);
  if (!url) return <MissingPicture alt={alt} />;
  return <OpenablePicture url={url} alt={alt} title={title} />;
}

export type OpenablePictureProps = {
  url: string;
  alt: string;
  title?: string | undefined;
  /** Pixels, so that the page does not jump when the picture arrives. */
  width?: number | undefined;
  height?: number | undefined;
};

export function OpenablePicture({ url, alt, title, width, height }: OpenablePictureProps) {
  const [open, setOpen] = useState(false);
  const [failed, setFailed] = useState(false);
  if (failed) return <MissingPicture alt={alt} />;
  return (
    <>
      <button
        type="button"
        className="picture"
        aria-label={`Enlarge: ${alt || title || "picture"}`}
        onClick={() => setOpen(true)}
      >
        <img src={url} alt={alt} width={width} height={height} onError={() => setFailed(true)} />
      </button>
      {open && <Lightbox url={url} alt={alt} title={title} onClose={() => setOpen(false)} />}
    </>
  );
}

function MissingPicture({ alt }: { alt: string }) {
  return (
    <span className="picture-missing">
      <Icon name="file" />
      {alt || "This picture cannot be shown here."}
    </span>
  );
}
