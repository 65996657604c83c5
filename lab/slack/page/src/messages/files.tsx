import type { FileObject } from "#lab/slack/protocol.ts";
import { OpenablePicture, sameOrigin } from "../blocks/image.tsx";
import { Icon } from "../parts/icon.tsx";

/** Files shared with a message: pictures drawn, others to download. */
export function Files({ files }: { files: readonly FileObject[] }) {
  return (
    <div className="files">
      {files.map((file) => (
        <FileView key={file.id} file={file} />
      ))}
    </div>
  );
}

function FileView({ file }: { file: FileObject }) {
  const url = sameOrigin(file.url_private);
  const title = file.title || file.name;
  if (file.mimetype === "")
    return (
      <p className="file">
        <span className="spinner" aria-hidden="true" />
        <span className="file-name">{file.name} is being processed</span>
      </p>
    );
  if (url && /^image\/(png|jpeg|gif|webp)$/.test(file.mimetype))
    return (
      <figure className="file-picture">
        <figcaption>{file.name}</figcaption>
        <OpenablePicture
          url={url}
          alt={file.alt_txt ?? ""}
          title={title}
          width={file.original_w}
          height={file.original_h}
        />
      </figure>
    );
  return (
    <a className="file" href={url} download={file.name}>
      <Icon name="file" />
      <span className="file-name">{title}</span>
      <span className="hint">
        {file.pretty_type || file.filetype} · {sizeOf(file.size)}
      </span>
    </a>
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
