___TERMS_OF_SERVICE___

Whoever publishes this template in Google's gallery does so under Google's terms for developers of templates. The
template itself is licensed under Apache-2.0.


___INFO___

{
  "type": "TAG",
  "id": "cvt_temp_public_id",
  "version": 1,
  "securityGroups": [],
  "displayName": "Privacy choices",
  "categories": [
    "UTILITY"
  ],
  "brand": {
    "id": "consent_service",
    "displayName": "consent-service"
  },
  "description": "Tells the data layer what may be done with this visitor's data: on load, and at every change. Triggers and tags obey it through an event and data layer variables.",
  "containerContexts": [
    "WEB"
  ]
}


___TEMPLATE_PARAMETERS___

[
  {
    "type": "TEXT",
    "name": "eventName",
    "displayName": "Name of the event",
    "simpleValueType": true,
    "defaultValue": "privacy_choices",
    "help": "The rights stand beside it as privacy_choices.sale, privacy_choices.share and privacy_choices.sensitive: allowed or denied.",
    "valueValidators": [
      {
        "type": "NON_EMPTY"
      }
    ]
  }
]


___SANDBOXED_JS_FOR_WEB_TEMPLATE___

const callInWindow = require('callInWindow');
const createQueue = require('createQueue');
const queryPermission = require('queryPermission');
const templateStorage = require('templateStorage');

const mayCall = (name) => queryPermission('access_globals', 'execute', name);
const push = createQueue('dataLayer');

// Without the snippet nothing is known of this visitor, and doubt means denied.
const DOUBT = { sale: 'denied', share: 'denied', sensitive: 'denied', basis: 'unavailable', gpc: false };

const tell = () => {
  const flag = (mayCall('privacyChoices.flag') && callInWindow('privacyChoices.flag')) || DOUBT;
  push({
    event: data.eventName,
    privacy_choices: {
      sale: flag.sale,
      share: flag.share,
      sensitive: flag.sensitive,
      basis: flag.basis,
      gpc: flag.gpc
    }
  });
};

// The tag may fire on every view of a single-page site; to changes it listens once.
if (!templateStorage.getItem('listens') && mayCall('privacyChoices.on')) {
  templateStorage.setItem('listens', true);
  callInWindow('privacyChoices.on', 'change', tell);
}
tell();
data.gtmOnSuccess();


___WEB_PERMISSIONS___

[
  {
    "instance": {
      "key": {
        "publicId": "access_globals",
        "versionId": "1"
      },
      "param": [
        {
          "key": "keys",
          "value": {
            "type": 2,
            "listItem": [
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "dataLayer"
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": true
                  },
                  {
                    "type": 8,
                    "boolean": false
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "privacyChoices.flag"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              },
              {
                "type": 3,
                "mapKey": [
                  {
                    "type": 1,
                    "string": "key"
                  },
                  {
                    "type": 1,
                    "string": "read"
                  },
                  {
                    "type": 1,
                    "string": "write"
                  },
                  {
                    "type": 1,
                    "string": "execute"
                  }
                ],
                "mapValue": [
                  {
                    "type": 1,
                    "string": "privacyChoices.on"
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": false
                  },
                  {
                    "type": 8,
                    "boolean": true
                  }
                ]
              }
            ]
          }
        }
      ]
    },
    "clientAnnotations": {
      "isEditedByUser": true
    },
    "isRequired": true
  },
  {
    "instance": {
      "key": {
        "publicId": "access_template_storage",
        "versionId": "1"
      },
      "param": []
    },
    "isRequired": true
  }
]


___TESTS___

scenarios:
- name: The rights are pushed with the event
  code: |-
    mock('callInWindow', (name) => name === 'privacyChoices.flag' ? FLAG : undefined);
    runCode({eventName: 'privacy_choices'});
    assertThat(pushed[0].event).isEqualTo('privacy_choices');
    assertThat(pushed[0].privacy_choices.sale).isEqualTo('allowed');
    assertApi('gtmOnSuccess').wasCalled();
- name: Without the snippet everything is denied
  code: |-
    mock('callInWindow', () => undefined);
    runCode({eventName: 'privacy_choices'});
    assertThat(pushed[0].privacy_choices.sale).isEqualTo('denied');
    assertThat(pushed[0].privacy_choices.basis).isEqualTo('unavailable');
- name: A change is pushed again
  code: |-
    let changed;
    mock('callInWindow', (name, event, act) => {
      if (name === 'privacyChoices.on') changed = act;
      return FLAG;
    });
    runCode({eventName: 'privacy_choices'});
    changed();
    assertThat(pushed.length).isEqualTo(2);
setup: |-
  const FLAG = {sale: 'allowed', share: 'allowed', sensitive: 'allowed', basis: 'default', gpc: false};
  const pushed = [];
  mock('createQueue', () => (entry) => pushed.push(entry));
  mockObject('templateStorage', {getItem: () => undefined, setItem: () => undefined});


___NOTES___

Let this tag fire on "Consent Initialization - All Pages". The snippet of the service must stand before
Google Tag Manager's own in the page.

Then make a data layer variable for each right that your tags need (privacy_choices.sale, privacy_choices.share,
privacy_choices.sensitive), and a trigger on the custom event privacy_choices with the condition that the variable
equals "allowed". A tag with this trigger runs on load where it may, and as soon as it may. What has already run
can't be taken back by a trigger: use "denied" for triggers that stop something.

Where the service's configuration of the site says data_layer = true the page pushes the same events by itself: leave
this tag out there, or each comes twice.
