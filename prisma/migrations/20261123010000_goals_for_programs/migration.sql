-- Programs may be let see goals (src/models/api-token/scopes.ts).
ALTER TABLE "ApiToken" DROP CONSTRAINT "ApiToken_opens_something_known";
ALTER TABLE "ApiToken"
  ADD CONSTRAINT "ApiToken_opens_something_known"
    CHECK (cardinality(scopes) BETWEEN 1 AND 4
      AND scopes <@ ARRAY['habits:read', 'check-offs:write', 'payments:read', 'goals:read']);
