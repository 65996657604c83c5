import type { RefObject } from "react";
import { useCallback, useEffect, useRef, useState } from "react";

/** So near the end counts as being there. */
const NEAR_PX = 48;

type StickToEnd = {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** The reader has scrolled up. */
  readonly away: boolean;
  readonly toEnd: () => void;
};

/** Keeps a scrolled region at its end while its content or its own size changes, as long as the reader is there. */
export function useStickToEnd(): StickToEnd {
  const scroller = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const region = scroller.current;
    if (!region) return;
    stuck.current = true;
    setAway(false);
    region.scrollTop = region.scrollHeight;
  }, []);

  useEffect(() => {
    const [region, inner] = [scroller.current, content.current];
    if (!region || !inner) return;
    let lastTop = region.scrollTop;
    const onScroll = () => {
      const atEnd = region.scrollHeight - region.scrollTop - region.clientHeight < NEAR_PX;
      // Content that grew also ends up away from the end, but only a reader moves upwards.
      if (atEnd || region.scrollTop < lastTop) {
        stuck.current = atEnd;
        setAway(!atEnd);
      }
      lastTop = region.scrollTop;
    };
    const observer = new ResizeObserver(() => stuck.current && toEnd());
    observer.observe(inner);
    observer.observe(region);
    region.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      region.removeEventListener("scroll", onScroll);
    };
  }, [toEnd]);

  return { scroller, content, away, toEnd };
}
