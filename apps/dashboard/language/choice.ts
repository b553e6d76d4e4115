// Which language the dashboard is in: the person's choice, kept in this browser, otherwise the browser's, otherwise English.
import type { Language } from './language.ts';

const REMEMBERED = 'mqtt-saas.language';

/**
 * Runs before the page is drawn. The pages are exported in English: another language hides them until its catalogue is there, so that
 * nothing is seen in the wrong one. `loading` is taken away by LanguageProvider.
 */
export const LANGUAGE_SCRIPT = `{let r=document.documentElement,k=['en','id'],l;try{l=localStorage.getItem('${REMEMBERED}')}catch{}if(!k.includes(l))l=navigator.languages.map(x=>x.slice(0,2)).find(x=>k.includes(x))||'en';r.lang=l;if(l!='en')r.dataset.language='loading'}`;

/** What LANGUAGE_SCRIPT has found. */
export const wantedLanguage = (): Language => (document.documentElement.lang === 'id' ? 'id' : 'en');

/** Keeps a choice in this browser, and shows the page in it. */
export function chooseLanguage(next: Language): void {
  localStorage.setItem(REMEMBERED, next);
  location.reload();
}
