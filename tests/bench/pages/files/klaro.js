var klaroConfig = {
  version: 1,
  elementID: "klaro",
  acceptAll: true,
  translations: {
    zz: { privacyPolicyUrl: "/privacy" },
    en: {
      consentNotice: { description: "We share some of what you do here with advertising networks." },
      adnet: { title: "Adnet", description: "An advertising network." },
      purposes: { advertising: "Advertising" },
    },
  },
  services: [{ name: "adnet", purposes: ["advertising"], cookies: ["adnet_id"] }],
};
