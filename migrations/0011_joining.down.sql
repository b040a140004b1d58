DROP TRIGGER users_end_reset ON users;
DROP FUNCTION end_reset, take_reset, offer_reset, register_invited, end_invitation, invite, still_admits, refresh_person,
    unlink_identity, link_identity;
DROP TABLE spent_proofs, password_resets, invitations;
