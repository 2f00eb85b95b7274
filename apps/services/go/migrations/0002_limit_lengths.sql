ALTER TABLE notes
  ADD CONSTRAINT notes_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
  ADD CONSTRAINT notes_body_length CHECK (char_length(body) <= 10000);
