DROP FUNCTION extend_grant, give_batch, next_shares, make_grant, recipients_of;
DROP INDEX users_granted;
DROP TABLE grant_shares, grants;
