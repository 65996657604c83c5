import { Icon } from "../parts/icon.tsx";
import { Dialog } from "./dialog.tsx";

/** A picture as large as the window allows, with its description. */
export function Lightbox({
  url,
  alt,
  title,
  onClose,
}: {
  url: string;
  alt: string;
  title?: string | undefined;
  onClose: () => void;
}) {
  return (
    <Dialog label={title || alt || "Picture"} className="lightbox" onClose={onClose}>
      <header className="lightbox-head">
        <h2>{title || "Picture"}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <img src={url} alt={alt} />
      {alt && <p className="lightbox-alt">{alt}</p>}
    </Dialog>
  );
}
