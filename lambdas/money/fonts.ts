import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The weights of the one typeface of our documents: Latin, Greek, Cyrillic and Devanagari, and every currency's sign. */
const FONTS = {
  regular: '@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf',
  bold: '@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf',
} as const;

/** The files that a Lambda which needs 'fonts' is given. */
export const FONT_FILES: readonly string[] = Object.values(FONTS);

const kept = new Map<string, Buffer>();

/** The bytes of a font, read once in the life of a Lambda. */
export function fontOf(weight: keyof typeof FONTS): Buffer {
  const bytes =
    kept.get(weight) ??
    readFileSync(createRequire(join(import.meta.dirname, 'index.js')).resolve(FONTS[weight]));
  kept.set(weight, bytes);
  return bytes;
}
