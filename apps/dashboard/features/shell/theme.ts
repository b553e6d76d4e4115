// The theme: light, dark, or the system's. It is kept from visit to visit.

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const REMEMBERED = 'mqtt-saas.theme';

/** Runs before the page is drawn, so that it never flashes in the other theme. */
export const THEME_SCRIPT = `try{var t=localStorage.getItem('${REMEMBERED}');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}`;

/** In the browser only. */
export function currentTheme(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function setTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem(REMEMBERED);
  } else {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(REMEMBERED, theme);
  }
}
