-- The language of a saver's pages and letters: one of those that there is a catalogue for (src/language.ts).
ALTER TABLE "User" ADD CONSTRAINT "User_locale_check" CHECK (locale IN ('en', 'sv', 'da', 'nb', 'fi'));
