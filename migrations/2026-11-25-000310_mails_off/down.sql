DROP TABLE mails_off;
