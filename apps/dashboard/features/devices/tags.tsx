// A device's tags, shown and typed.
import { normalTags } from '../../../../domain/tags.ts';
import { t } from '../../language/translate.ts';
import styles from './tags.module.css';

/** @param onChoose called with the tag that is clicked. Default: they are no buttons. */
export function Tags({ tags, onChoose }: { tags: string[]; onChoose?: (tag: string) => void }) {
  if (tags.length === 0) return null;
  return (
    <span className={styles.tags}>
      {tags.map((tag) =>
        onChoose ? (
          <button key={tag} type="button" title={t('Show devices tagged {tag}', { tag })} onClick={() => onChoose(tag)}>
            {tag}
          </button>
        ) : (
          <span key={tag}>{tag}</span>
        ),
      )}
    </span>
  );
}

/** Tags as a person types them, with commas or spaces between. */
export const typedTags = (text: string): string[] => normalTags(text.split(/[\s,;]+/));
