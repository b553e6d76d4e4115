'use client';
import { type RefObject, useEffect, useRef } from 'react';
import { THEME_EVENT } from '../theme-event.ts';

/** Calls back at first and whenever the theme changes, by choice or with the system. */
export function useRedraw(ref: RefObject<HTMLElement | null>, draw: (element: HTMLElement) => void): void {
  const newest = useRef(draw);
  newest.current = draw;
  useEffect(() => {
    const redraw = () => ref.current && newest.current(ref.current);
    const system = matchMedia('(prefers-color-scheme: dark)');
    redraw();
    system.addEventListener('change', redraw);
    window.addEventListener(THEME_EVENT, redraw);
    return () => {
      system.removeEventListener('change', redraw);
      window.removeEventListener(THEME_EVENT, redraw);
    };
  }, [ref]);
}
