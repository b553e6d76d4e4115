'use client';
// A number in front of the tab's title, `(2) Devices`, for people who are looking at another tab.
import { useEffect } from 'react';

const COUNT = /^\(\d+\) /;

/** @param count 0: the title as it is. */
export function useTitleCount(count: number): void {
  useEffect(() => {
    const show = () => {
      const title = (count > 0 ? `(${count}) ` : '') + document.title.replace(COUNT, '');
      if (title !== document.title) document.title = title;
    };
    show();
    // Each page brings a title of its own.
    const watch = new MutationObserver(show);
    watch.observe(document.head, { childList: true, characterData: true, subtree: true });
    return () => {
      watch.disconnect();
      document.title = document.title.replace(COUNT, '');
    };
  }, [count]);
}
