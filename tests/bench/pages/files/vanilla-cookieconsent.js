CookieConsent.run({
  hideFromBots: false, // a browser that is driven counts as one
  categories: { necessary: { enabled: true, readOnly: true }, ads: {} },
  language: {
    default: "en",
    translations: {
      en: {
        consentModal: {
          title: "Your privacy",
          description: "We share some of what you do here with advertising networks.",
          acceptAllBtn: "Accept all",
          acceptNecessaryBtn: "Reject all",
          showPreferencesBtn: "Settings",
        },
        preferencesModal: {
          title: "Settings",
          acceptAllBtn: "Accept all",
          acceptNecessaryBtn: "Reject all",
          savePreferencesBtn: "Save",
          closeIconLabel: "Close",
          sections: [
            { title: "Necessary", description: "Without these the site does not work.", linkedCategory: "necessary" },
            { title: "Advertising", description: "Shared with advertising networks.", linkedCategory: "ads" },
          ],
        },
      },
    },
  },
});
