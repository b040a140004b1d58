DROP FUNCTION take_reset, offer_reset, register_invited, end_invitation, invite, still_admits, refresh_person,
    unlink_identity, link_identity;
DROP TABLE spent_proofs, password_resets, invitations;
