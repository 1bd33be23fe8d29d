DROP TRIGGER groups_found_by ON groups;
DROP TRIGGER users_found_by ON users;
DROP TRIGGER memberships_found_by ON memberships;
DROP FUNCTION group_beginnings_renew();
DROP FUNCTION member_beginnings_renew();
DROP FUNCTION member_beginnings_add();
DROP TABLE group_beginnings;
DROP TABLE member_beginnings;
DROP FUNCTION beginnings_of(text);
