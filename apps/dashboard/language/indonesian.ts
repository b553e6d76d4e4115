// The Indonesian catalogue: each English message of the source with its translation. docs/languages.md has the terms.

export const INDONESIAN = {};
