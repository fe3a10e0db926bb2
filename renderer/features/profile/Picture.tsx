import type { Account } from "../../../shared/contract/accounts.ts";
import type { Profile } from "../../../shared/contract/profile.ts";
import { steward } from "../../bridge.ts";
import { Avatar } from "../../components/Avatar.tsx";
import { Section } from "../../components/Page.tsx";
import { sizeText, t } from "../../i18n/index.ts";
import { PictureChooser } from "./PictureChooser.tsx";

interface PictureProps {
  readonly account: Account;
  readonly profile: Profile;
  readonly onChange: (profile: Profile) => void;
}

/** The account's own picture, as far as the server allows it to be changed. */
export function Picture({ account, profile, onChange }: PictureProps) {
  const { accountId, session } = account;
  const { avatarPath, canChangeAvatar, uploadLimitBytes: limit } = profile;
  return (
    <Section title={t("profile.picture")}>
      <PictureChooser
        shown={<Avatar account={{ ...account, avatarPath }} size={88} />}
        hasPicture={avatarPath !== null}
        isDisabled={!canChangeAvatar || session.status !== "running"}
        limitBytes={limit}
        text={
          !canChangeAvatar
            ? t("profile.pictureNotAllowed")
            : limit === null
              ? t("profile.limitUnknown")
              : t("profile.limit", { limit: sizeText(limit) })
        }
        onSet={async (picture) => onChange(await steward.profile.setAvatar({ accountId, ...picture }))}
        onRemove={async () => onChange(await steward.profile.removeAvatar({ accountId }))}
      />
    </Section>
  );
}
